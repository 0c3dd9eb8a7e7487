/** What a plan comes to with the labels as they are, before anything is trained. */
import { availableParallelism, freemem, totalmem } from 'node:os'
import type { Proposal, RunPlan } from '../../../core/contract/studio/runs.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import type { AssignmentRules } from '../../../core/detectors/fcos/config.ts'
import { FCOS } from '../../../core/detectors/fcos/index.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { tileSide } from '../../../core/detectors/shared/tiles.ts'
import type { Dataset } from '../../../core/formats/dataset.ts'
import { MaskCounter } from '../../../core/inspect/mask-counter.ts'
import { classesWithoutPositives, RecallMeter } from '../../../core/inspect/recall.ts'
import { type Trained, trainingOptions } from '../../../core/training/presets.ts'
import { type SampleRules, sampleRules, seenImages } from '../../../core/training/tiles.ts'
import { givingWay } from '../datasets/give-way.ts'
import { aboutCheckpoint, originOfFile } from '../engine/weights-file.ts'
import type { Project } from '../project/index.ts'
import {
  architectureOf,
  countBoxes,
  type PlannedData,
  plannedData,
  plannedOptions,
  publishedWeights,
  weightsFile,
} from './plan.ts'
import { readRecord } from './run-log.ts'
import type { RunStore } from './run-store.ts'
import { warningsOf } from './warnings.ts'

const BYTES_PER_MB = 2 ** 20
/** Sizes of images that are told. */
const MOST_SIZES = 5

/** Throws USAGE_RUN, USAGE_IMAGE. */
export async function propose(
  project: Project,
  store: RunStore,
  plan: RunPlan,
  engine: Proposal['engine'],
): Promise<Proposal> {
  const data = plannedData(project, plan)
  const { training, validation } = data
  const architecture = await architectureOf(plan, store)
  const chosen = plannedOptions(plan)
  const { model, own, beginsWith, trained } = await beginningOf(plan, store, architecture)
  const options = trainingOptions(architecture, training.images.length, chosen.training, trained)
  const assignment = {
    ...(model.assignment as object),
    ...chosen.model?.assignment,
  } as Partial<AssignmentRules>
  const setting = {
    detector: model.detector,
    input: { shortSide: options.size, longSide: options.size },
    rules: assignment,
  }
  const labelled = training.images.map(({ width, height, annotations }) => ({
    ...{ width, height },
    boxes: annotations.flatMap(({ box }) => box),
  }))
  const rules = sampleRules(labelled, setting.input, options)
  const { rule, tiling } = rules
  const tiled = [...training.images, ...(validation?.images ?? [])].filter(
    (image) => tileSide(image, rule, tiling) !== null,
  ).length
  const meter = await measured(training, setting, rules)
  const recall = { boxes: meter.recall.boxes, learnable: meter.recall.learnable }
  const objects = countOutlines(training)
  // Weights that are gone on with keep the rules that they were trained by.
  const masksAdvised =
    own === null &&
    detectorOf(model) === FCOS &&
    objects.outlined > objects.all / 2 &&
    (await losesNothing(training, { input: setting.input, rules: assignment as AssignmentRules }))
  return {
    options,
    ...{ architecture, beginsWith, objects },
    detector: own === 'unknown' && chosen.model?.detector === undefined ? null : detectorOf(model).name,
    masksAdvised,
    masks: (model.assignment as Partial<AssignmentRules>).masks !== undefined,
    images: { training: training.images.length, validation: validation?.images.length ?? 0 },
    perClass: perClass(data),
    recall,
    sizes: commonSizes(training),
    engine,
    cores: availableParallelism(),
    memoryMb: { total: totalmem() / BYTES_PER_MB, free: freemem() / BYTES_PER_MB },
    warnings: warningsOf(project, plan, data, {
      ...{ recall, engine, size: options.size, objects, tiled },
      model: { ...model, assignment },
      withoutPositives: classesWithoutPositives(training.categories, meter),
    }),
  }
}

interface BeginningOf extends Pick<Proposal, 'beginsWith'> {
  /** Of a run or a checkpoint of the same detector, that; else the preset. */
  readonly model: ModelConfig
  /** The weights' own configuration; unknown: names of tensors alone say it, to the engine. */
  readonly own: ModelConfig | 'unknown' | null
  readonly trained: Trained
}

async function beginningOf(
  plan: RunPlan,
  store: RunStore,
  architecture: Proposal['architecture'],
): Promise<BeginningOf> {
  const { detector: wanted } = plan.options.model ?? {}
  const preset = (): ModelConfig => detectorOf({ detector: wanted }).presets[architecture]([])
  if (plan.model.kind === 'pretrained') {
    const model = preset()
    const { title } = detectorOf(model)
    const weights = publishedWeights(architecture, wanted)
    const isWhole = weights === 'COCO weights'
    const beginsWith = isWhole
      ? `Begins with ${title} as trained on COCO; classes that COCO does not name are new`
      : 'Starts from an ImageNet backbone; everything else is new'
    return { model, own: null, beginsWith, trained: isWhole ? 'pyramid' : 'backbone' }
  }
  const path = weightsFile(plan, store)!
  const own =
    (plan.model.kind === 'run' && readRecord(store.get(plan.model.run).folder)?.model) ||
    (await aboutCheckpoint(path))?.config
  if (!own) {
    const model = preset()
    const { neck, p6 = 'P5' } = detectorOf(model).head(model)
    const { pyramid } = await originOfFile(path)
    const isKept = wanted === undefined ? pyramid !== null : !neck && pyramid === p6
    const beginsWith = 'Begins with what of the file fits, which is said when the run starts'
    return { model, own: 'unknown', beginsWith, trained: isKept ? 'pyramid' : 'backbone' }
  }
  const theirs = detectorOf(own)
  if (wanted === undefined || theirs.name === wanted) {
    const beginsWith = 'Begins with all of these weights; classes of other names are new'
    return { model: own, own, beginsWith, trained: 'pyramid' }
  }
  const model = preset()
  const isShared = sameLevels(model, own)
  const shared = isShared ? 'the backbone, the pyramid and what fits of the head' : 'the backbone'
  return {
    ...{ model, own, trained: isShared ? 'pyramid' : 'backbone' },
    beginsWith: `Begins with ${shared} of this ${theirs.title}; all else of ${detectorOf(model).title} is new`,
  }
}

/** Whether what lies between backbone and head is of one shape. */
function sameLevels(one: ModelConfig, other: ModelConfig): boolean {
  const [a, b] = [one, other].map((model) => {
    const { neck, channels, p6 = 'P5' } = detectorOf(model).head(model)
    return JSON.stringify(neck ?? [channels, p6])
  })
  return a === b
}

async function measured(
  { images }: Dataset,
  setting: ConstructorParameters<typeof RecallMeter>[0],
  rules: SampleRules,
): Promise<RecallMeter> {
  const meter = new RecallMeter(setting)
  const giveWay = givingWay()
  for (const image of images) {
    for (const seen of seenImages(image, rules)) meter.add(seen)
    await giveWay()
  }
  return meter
}

/** Whether outlines leave every object a location that its box has. */
async function losesNothing(
  { images }: Dataset,
  setting: ConstructorParameters<typeof MaskCounter>[0],
): Promise<boolean> {
  const counter = new MaskCounter(setting)
  const giveWay = givingWay()
  for (const image of images) {
    counter.add(image)
    if (counter.counts.lost > 0) return false
    await giveWay()
  }
  return true
}

function countOutlines({ images }: Dataset): Proposal['objects'] {
  const objects = images.flatMap(({ annotations }) => annotations.filter(({ crowd }) => !crowd))
  return { all: objects.length, outlined: objects.filter(({ segmentation }) => segmentation).length }
}

function perClass({ training, validation }: PlannedData): Proposal['perClass'] {
  const [learnt, measured] = [countBoxes(training), validation && countBoxes(validation)]
  return training.categories.map(({ id, name }) => ({
    ...{ id, name },
    training: learnt.get(id) ?? 0,
    validation: measured?.get(id) ?? 0,
  }))
}

function commonSizes({ images }: Dataset): Proposal['sizes'] {
  const groups = Map.groupBy(images, ({ width, height }) => `${width}×${height}`)
  return [...groups.values()]
    .map((group) => ({ width: group[0]!.width, height: group[0]!.height, images: group.length }))
    .toSorted((a, b) => b.images - a.images)
    .slice(0, MOST_SIZES)
}
