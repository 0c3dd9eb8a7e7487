/** From a request to the model that training starts with. */
import type { ProbeRequest } from '../../../core/contract/engine.ts'
import type { TrainingOptions } from '../../../core/contract/training.ts'
import { ModelConfig as AnyConfig, detectorOf, type ModelChoices } from '../../../core/detectors/detectors.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { CodedError } from '../../../core/errors.ts'
import { pairByName } from '../../../core/formats/class-names.ts'
import { firstIssue } from '../../../core/formats/problems.ts'
import { type Trained, trainingOptions } from '../../../core/training/presets.ts'
import { modelTensors } from '../model/tensors.ts'
import { readStartingWeights } from '../weights/checkpoint.ts'
import { requireFinite } from '../weights/finite.ts'
import { loadReport } from '../weights/load-report.ts'
import { type PartialLoad, partialLoad } from '../weights/partial-load.ts'
import type { StateDict } from '../weights/state-dict.ts'
import { cutFor } from './cached-features.ts'
import { initialWeights } from './initial-weights.ts'
import { qualityRoots } from './trainable.ts'

export interface StartingPoint {
  readonly config: ModelConfig
  /** The preset of the architecture and of what is loaded, with the user's choices over it. */
  readonly options: TrainingOptions
  readonly state: StateDict
  readonly trained: Trained
  /** What came from the weights file, what did not, and why; null without a file. */
  readonly report: string | null
}

/**
 * A detector's file gives its configuration and weights, and the rows of its classifier for classes of the same name. Where
 * another detector is chosen, and of other files, it gives what the two have in common, but no values that mean something else
 * in the model: a backbone, a pyramid and towers where it has them. Throws USAGE_CACHE,
 * USAGE_CONFIG for choices that the detector does not have, and WEIGHTS_* for files that are neither.
 */
export async function startingPoint({
  weights,
  architecture,
  data,
  options: chosen,
}: Omit<ProbeRequest, 'method'>): Promise<StartingPoint> {
  const origin = weights === null ? null : await readStartingWeights(weights)
  const kind = origin?.architecture ?? architecture
  if (kind === null) throw new CodedError('ENGINE_REQUEST', 'A run from nothing needs an architecture')
  const optionsFor = (trained: Trained): TrainingOptions => {
    const options = trainingOptions(kind, data.images.length, chosen.training, trained)
    if (options.cacheFeatures) cutFor(options.learn)
    return options
  }
  // Neither depends on what is loaded.
  const { size, seed } = trainingOptions(kind, data.images.length, chosen.training)
  const classes = data.categories
  const { detector } = chosen.model ?? {}
  // Weights of another detector give what the two have in common.
  const isSame = detector === undefined || (origin?.config && detectorOf(origin.config).name === detector)
  const base = (isSame && origin?.config) || detectorOf({ detector }).presets[kind](classes)
  const epsilon = origin?.config?.batchNormEpsilon
  const body = epsilon === undefined ? {} : { batchNormEpsilon: epsilon }
  const config = withInput(withChoices({ ...base, ...body, classes }, chosen.model), size)
  requireLearner(config, trainingOptions(kind, data.images.length, chosen.training).learn)
  const state = initialWeights(config, seed)
  if (weights === null || origin === null)
    return { config, options: optionsFor('nothing'), state, trained: 'nothing', report: null }

  const rows = origin.config && pairByName(names(config), names(origin.config))
  const changed = origin.config ? changedMeanings(config, origin.config) : new Map<string, string>()
  const found = partialLoad(
    modelTensors(config),
    new Map([...origin.tensors].filter(([name]) => !changed.has(name))),
    rows ? { source: rows, initial: new Map(state) } : undefined,
  )
  const load: PartialLoad = {
    ...found,
    reinitialised: found.reinitialised.map(({ name, reason }) => ({
      name,
      reason: changed.get(name) ?? reason,
    })),
  }
  requireFinite(weights, load.loaded)
  for (const [name, tensor] of load.loaded) state.set(name, tensor)
  const report = loadReport({ ...load, unused: [...load.unused, ...origin.dropped] })
  const respelt = origin.config && rows ? respellings(config, origin.config, rows) : []
  const trained = trainedBy(load)
  return { config, options: optionsFor(trained), state, trained, report: [report, ...respelt].join('\n') }
}

/** @throws CodedError USAGE_CONFIG where the branch that is to learn alone does not exist. */
function requireLearner(config: ModelConfig, learn: TrainingOptions['learn']): void {
  const detector = detectorOf(config)
  if (learn !== 'quality' || qualityRoots(detector.head(config), detector.quality).length > 0) return
  throw new CodedError(
    'USAGE_CONFIG',
    `This ${detector.title} has no quality branch that could learn alone (training.learn: quality)`,
    detector.quality ? 'Set loss.quality to centerness or iou' : 'Choose FCOS or ATSS',
  )
}

/** Tensors that both have, whose values mean something else in the model than in the file: why they are not loaded, by name. */
function changedMeanings(model: ModelConfig, file: ModelConfig): Map<string, string> {
  const [ours, theirs] = [meanings(model), meanings(file)]
  return new Map(
    [...ours].flatMap(([name, meaning]): [string, string][] => {
      const other = theirs.get(name)
      if (other === undefined || other === meaning) return []
      return [[name, `the model's mean ${meaning}, the file's ${other}`]]
    }),
  )
}

function meanings(config: ModelConfig): Map<string, string> {
  const { towers, parameters } = detectorOf(config).head(config)
  return new Map([
    ...towers.flatMap(({ outputs }) =>
      outputs.flatMap(({ tensor, meaning }): [string, string][] => [
        [`${tensor}.weight`, meaning],
        [`${tensor}.bias`, meaning],
      ]),
    ),
    ...parameters.map(({ tensor, meaning }): [string, string] => [tensor, meaning]),
  ])
}

function trainedBy({ reinitialised }: PartialLoad): Trained {
  const isNew = (root: string): boolean => reinitialised.some(({ name }) => name.startsWith(root))
  return isNew('backbone.body.') ? 'nothing' : isNew('backbone.') ? 'backbone' : 'pyramid'
}

const names = ({ classes }: ModelConfig): string[] => classes.map(({ name }) => name)

/** Classes that were taken for those of the file although their names differ. */
function respellings(config: ModelConfig, file: ModelConfig, rows: ReadonlyMap<number, number>): string[] {
  return [...rows].flatMap(([to, from]) => {
    const [own, other] = [config.classes[to].name, file.classes[from].name]
    return own === other ? [] : [`The class ${own} starts from the file's ${other}`]
  })
}

function withChoices(config: ModelConfig, { head, loss, assignment }: ModelChoices = {}): ModelConfig {
  const chosen = AnyConfig.safeParse({
    ...config,
    head: { ...(config.head as object), ...head },
    loss: { ...(config.loss as object), ...loss },
    assignment: { ...(config.assignment as object), ...assignment },
  })
  if (chosen.success) return chosen.data
  throw new CodedError(
    'USAGE_CONFIG',
    `The choices do not fit ${detectorOf(config).title}, which the run starts from: ${firstIssue(chosen.error)}`,
    'Choose the detector too (--detector), or leave them out',
  )
}

/** The long side decides; the short side follows the image. */
function withInput(config: ModelConfig, size: number): ModelConfig {
  return { ...config, input: { ...config.input, shortSide: size, longSide: size } }
}
