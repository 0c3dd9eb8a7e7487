/** Begins an evaluation: freezes labels and detections, computes the numbers, and stores everything. */
import { randomBytes } from 'node:crypto'
import { basename, join } from 'node:path'
import type { EvaluationEntry, EvaluationSource, Ranking } from '../../../core/contract/studio/evaluation.ts'
import { CodedError } from '../../../core/errors.ts'
import { detectionsOutside, parseCocoResults, toDetections } from '../../../core/formats/coco-results.ts'
import { detectionColumns } from '../../../core/formats/detection.ts'
import { parseJson } from '../../../core/formats/problems.ts'
import { CocoSegmentation } from '../../../core/formats/segmentation.ts'
import type { ProjectClass } from '../../../core/project/model.ts'
import { readText } from '../datasets/files.ts'
import type { JobContext } from '../jobs.ts'
import type { Project } from '../project/index.ts'
import { type FrozenDetection, freezeLabels, isUsable, labelledImages } from './frozen.ts'
import { LoadedEvaluation } from './loaded-evaluation.ts'
import { type CachedModel, detectionsOf } from './model-detections.ts'
import { evaluationsFolder, type Frozen, writeEvaluation } from './storage.ts'

export interface Preparation {
  readonly source: EvaluationSource
  readonly query: string
  /** For a model, its detections. Images without an entry could not be read and do not count. */
  readonly model: CachedModel | null
}

/** Errors: those of evaluation.start. */
export async function prepare(
  project: Project,
  { source, query, model }: Preparation,
  { report, signal }: JobContext,
): Promise<{ entry: EvaluationEntry; loaded: LoadedEvaluation }> {
  report(0, 'Reading detections')
  const images = model?.images.map(({ id }) => id) ?? labelledImages(project, query)
  if (images.length === 0) {
    throw new CodedError(
      'USAGE_NO_LABELS',
      'None of the chosen images is in progress or done, so there is nothing to compare with',
      'Mark images as done, or choose others',
    )
  }
  const { detections, ...left } = model
    ? await readModel(model, project.classes.all(), signal)
    : await readResults(source.path, project, new Set(images))
  signal.throwIfAborted()
  report(0.5, 'Comparing')
  return keep(
    project,
    {
      title: model?.title ?? basename(source.path),
      ...{ source, query },
      ...left,
      modelKey: model?.key ?? null,
      unreadImages: model?.unread ?? 0,
    },
    images,
    detections,
    { report, signal },
  )
}

/** The part of an evaluation's entry that is not computed from labels and detections. */
type Origin = Pick<
  EvaluationEntry,
  | 'title'
  | 'source'
  | 'query'
  | 'modelKey'
  | 'otherImages'
  | 'unreadImages'
  | 'outside'
  | 'masklessDetections'
>

/** Freezes the labels of the images, computes the numbers and stores everything beside the project. */
export async function keep(
  project: Project,
  origin: Origin,
  images: readonly number[],
  detections: Frozen['detections'],
  { report, signal }: JobContext,
): Promise<{ entry: EvaluationEntry; loaded: LoadedEvaluation }> {
  const found = [...detections.values()].flat()
  const isMasked = found.length > 0 && found.every(({ segmentation }) => segmentation)
  const labels = freezeLabels(project, images, isMasked)
  const { truth } = labels
  const byMasks = isMasked && labels.boxObjects < truth.objects.length
  const iouTypes = byMasks ? (['bbox', 'segm'] as const) : (['bbox'] as const)
  const loaded = new LoadedEvaluation(truth, detections, iouTypes)
  const { stats, perCategory, unknownCategory } = loaded.of('score', 'bbox').metrics
  signal.throwIfAborted()
  report(0.6, 'Comparing masks')
  const maskStats = byMasks ? [...loaded.of('score', 'segm').metrics.stats] : null
  signal.throwIfAborted()
  report(0.8, 'Keeping it')
  const id = `${Date.now().toString(36).padStart(9, '0')}${randomBytes(2).toString('hex')}`
  const entry: EvaluationEntry = {
    ...{ id, ...origin },
    at: new Date().toISOString(),
    images: truth.images.length,
    objects: perCategory.reduce((sum, { objects }) => sum + objects, 0),
    detections: loaded.of('score', 'bbox').detections.length - unknownCategory,
    otherClasses: unknownCategory,
    rankings: [...detections.keys()],
    iouTypes,
    boxObjects: byMasks ? labels.boxObjects : 0,
    stats: [...stats],
    maskStats,
    thresholds: [],
  }
  await writeEvaluation(join(evaluationsFolder(project.path), id), entry, { truth, detections })
  return { entry, loaded }
}

interface Read {
  readonly detections: ReadonlyMap<Ranking, readonly FrozenDetection[]>
  readonly otherImages: number
  /**
   * Number of detections that must have been made in pictures of another size, because they are centred outside their
   * image.
   */
  readonly outside: number
  readonly masklessDetections: number
}

async function readModel(
  model: CachedModel,
  classes: readonly ProjectClass[],
  signal: AbortSignal,
): Promise<Read> {
  const found = await detectionsOf(model, classes, () => signal.throwIfAborted())
  return {
    detections: new Map([
      ['score', found.score],
      ['class', found.class],
    ]),
    otherImages: 0,
    outside: 0,
    masklessDetections: 0,
  }
}

/** Results for images of the project that were not chosen are left out and counted. */
async function readResults(path: string, project: Project, chosen: ReadonlySet<number>): Promise<Read> {
  const file = basename(path)
  const results = parseCocoResults(parseJson(await readText(path, file), file), file)
  const wrong = results.findIndex(({ score }) => !(score >= 0 && score <= 1))
  if (wrong >= 0) {
    throw new CodedError(
      'DATA_SCORE',
      `${file}: [${wrong}].score: ${results[wrong]!.score} is not between 0 and 1`,
      'Scores must be probabilities: apply a sigmoid to logits first',
    )
  }
  const ofProject = new Map(project.images.list(project.find('')).map((image) => [image.id, image]))
  const known = [...ofProject.values()].map(({ id, path: fileName, width, height }) => ({
    ...{ id, fileName },
    ...(width > 0 && height > 0 && { width, height }),
  }))
  const all = toDetections(results, known, file).map(({ mask: _, ...detection }, index): FrozenDetection => {
    const segmentation = CocoSegmentation.safeParse(results[index]!.segmentation).data
    const usable = isUsable(segmentation, ofProject.get(detection.imageId))
    return usable ? { ...detection, segmentation } : detection
  })
  const detections = all.filter(({ imageId }) => chosen.has(imageId))
  const isMasked = results.some(({ segmentation }) => segmentation !== undefined && segmentation !== null)
  const maskless = detections.filter(({ segmentation }) => !segmentation).length
  const outside = detectionsOutside(detectionColumns(detections), known).length
  return {
    detections: new Map([['score', detections]]),
    otherImages: all.length - detections.length,
    outside,
    masklessDetections: isMasked ? maskless : 0,
  }
}
