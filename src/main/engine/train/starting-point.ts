/** From a request to the model that training starts with. */
import type { ProbeRequest } from '../../../core/contract/engine.ts'
import type { ModelChoices } from '../../../core/contract/training.ts'
import { lite0Config, torchvisionConfig } from '../../../core/detectors/fcos/presets.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { modelTensors } from '../model/tensors.ts'
import { type Checkpoint, readCheckpoint } from '../weights/checkpoint.ts'
import { loadReport } from '../weights/load-report.ts'
import { canonicalNames } from '../weights/names.ts'
import { partialLoad } from '../weights/partial-load.ts'
import { readWeights } from '../weights/read-weights.ts'
import type { StateDict } from '../weights/state-dict.ts'
import { initialWeights } from './initial-weights.ts'

export interface StartingPoint {
  readonly config: ModelConfig
  readonly state: StateDict
  /** What came from the weights file, what did not, and why; null without a file. */
  readonly report: string | null
}

/**
 * A detector's file gives its configuration and weights, and the rows of its classifier for classes of the same name. A
 * classifier's file gives a backbone. Throws WEIGHTS_* for files that are neither.
 */
export async function startingPoint(
  { weights, architecture, data, options }: Omit<ProbeRequest, 'method'>,
  size: number,
  seed: number,
): Promise<StartingPoint> {
  const classes = data.categories
  const fresh = (kind: ModelConfig['architecture']) =>
    withChoices(kind === 'r50' ? torchvisionConfig(classes) : lite0Config(classes), options.model)
  if (weights === null) {
    const config = withInput(fresh(architecture), size)
    return { config, state: initialWeights(config, seed), report: null }
  }
  const named = canonicalNames((await readWeights(weights)).tensors)
  const detector = named.scope === 'detector' ? await readCheckpoint(weights) : null
  const config = withInput(
    detector ? withChoices({ ...detector.config, classes }, options.model) : fresh(named.architecture),
    size,
  )
  const state = initialWeights(config, seed)
  const rows = detector ? { source: equalNames(config, detector), initial: new Map(state) } : undefined
  const load = partialLoad(modelTensors(config), detector?.tensors ?? named.tensors, rows)
  for (const [name, tensor] of load.loaded) state.set(name, tensor)
  return { config, state, report: loadReport(load) }
}

function withChoices(config: ModelConfig, choices: ModelChoices = {}): ModelConfig {
  return {
    ...config,
    head: { ...config.head, ...choices.head } as ModelConfig['head'],
    loss: { ...config.loss, ...choices.loss } as ModelConfig['loss'],
    assignment: { ...config.assignment, ...choices.assignment } as ModelConfig['assignment'],
  }
}

/** The long side decides; the short side follows the image. */
function withInput(config: ModelConfig, size: number): ModelConfig {
  return { ...config, input: { ...config.input, shortSide: size, longSide: size } }
}

/** Class indices of the new model → those of the file, where both know a class of that name. */
function equalNames(config: ModelConfig, { config: { classes } }: Checkpoint): Map<number, number> {
  const inFile = new Map(classes.map(({ name }, index) => [name.toLowerCase(), index]))
  return new Map(
    config.classes.flatMap(({ name }, index) => {
      const row = inFile.get(name.toLowerCase())
      return row === undefined ? [] : [[index, row] as const]
    }),
  )
}
