/** What a plan comes to with the labels as they are, before anything is trained. */
import { availableParallelism, freemem, totalmem } from 'node:os'
import type { Proposal, RunPlan } from '../../../core/contract/studio/runs.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import type { Dataset } from '../../../core/formats/dataset.ts'
import { RecallMeter } from '../../../core/inspect/recall.ts'
import { trainingOptions } from '../../../core/training/presets.ts'
import { givingWay } from '../datasets/give-way.ts'
import { aboutCheckpoint } from '../engine/weights-file.ts'
import type { Project } from '../project/index.ts'
import { architectureOf, countBoxes, type PlannedData, plannedData, plannedOptions } from './plan.ts'
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
  const options = trainingOptions(architecture, training.images.length, chosen.training)
  const { detector, assignment } = await modelOf(plan, store, architecture)
  const recall = await recallOf(training, {
    detector,
    input: { shortSide: options.size, longSide: options.size },
    rules: { ...(assignment as object), ...chosen.model?.assignment },
  })
  return {
    options,
    architecture,
    images: { training: training.images.length, validation: validation?.images.length ?? 0 },
    perClass: perClass(data),
    recall,
    sizes: commonSizes(training),
    engine,
    cores: availableParallelism(),
    memoryMb: { total: totalmem() / BYTES_PER_MB, free: freemem() / BYTES_PER_MB },
    warnings: warningsOf(project, plan, data, { recall, engine, size: options.size }),
  }
}

/** What a run or a checkpoint of the same detector begins with; weights of other origin follow the architecture. */
async function modelOf(
  { model, options }: RunPlan,
  store: RunStore,
  architecture: Proposal['architecture'],
): Promise<Pick<ModelConfig, 'detector' | 'assignment'>> {
  const own =
    model.kind === 'run'
      ? readRecord(store.get(model.run).folder)?.model
      : model.kind === 'file'
        ? (await aboutCheckpoint(model.path))?.config
        : undefined
  const wanted = options.model?.detector
  const isKept = own && (wanted === undefined || detectorOf(own).name === wanted)
  return isKept ? own : detectorOf({ detector: wanted }).presets[architecture]([])
}

async function recallOf(
  { images }: Dataset,
  setting: ConstructorParameters<typeof RecallMeter>[0],
): Promise<Proposal['recall']> {
  const meter = new RecallMeter(setting)
  const giveWay = givingWay()
  for (const image of images) {
    meter.add(image)
    await giveWay()
  }
  const { boxes, learnable } = meter.recall
  return { boxes, learnable }
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
