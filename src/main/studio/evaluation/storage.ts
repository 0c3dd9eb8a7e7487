/**
 * Evaluations on disk: evaluations/<id>/ beside the project's file. Labels and detections are COCO files, so that other
 * tools can check the numbers.
 *
 *   evaluation.json     EvaluationEntry; written last, a folder without it is what a crash left
 *   ground-truth.json   COCO; ids of images, classes and annotations are the project's
 *   detections.json     COCO results, with class_score and centerness where the detector tells them
 *   class-only.json     the same detector's results if centerness did not count
 *   oracle.json         OracleResult, once it was asked for
 */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  EvaluationEntry,
  EvaluationId,
  OracleResult,
  type Ranking,
} from '../../../core/contract/studio/evaluation.ts'
import { CodedError } from '../../../core/errors.ts'
import { replaceFile } from '../../files/replace-file.ts'
import type { FrozenDetection, FrozenTruth } from './frozen.ts'

const DETECTIONS: Readonly<Record<Ranking, string>> = { score: 'detections.json', class: 'class-only.json' }

export const evaluationsFolder = (projectFile: string): string => join(dirname(projectFile), 'evaluations')

/** Newest first. */
export async function listEvaluations(folder: string): Promise<EvaluationEntry[]> {
  const names = await readdir(folder).catch(() => [])
  const ids = names
    .filter((name) => EvaluationId.safeParse(name).success)
    .sort()
    .reverse()
  const entries = await Promise.all(ids.map((id) => readEntry(join(folder, id)).catch(() => undefined)))
  return entries.filter((entry) => entry !== undefined)
}

/** Throws USAGE_EVALUATION. */
export async function readEntry(folder: string): Promise<EvaluationEntry> {
  const json = await readJson(join(folder, 'evaluation.json'))
  const entry = EvaluationEntry.safeParse(json).data
  if (entry === undefined) throw noSuch()
  return entry
}

export interface Frozen {
  readonly truth: FrozenTruth
  readonly detections: ReadonlyMap<Ranking, readonly FrozenDetection[]>
}

/** Throws IO_EVALUATION, IO_DISK_FULL; nothing is left behind then. */
export async function writeEvaluation(
  folder: string,
  entry: EvaluationEntry,
  { truth, detections }: Frozen,
): Promise<void> {
  try {
    await guarded(async () => {
      await mkdir(folder, { recursive: true })
      await replaceFile(join(folder, 'ground-truth.json'), JSON.stringify(cocoTruth(truth)))
      for (const [ranking, of] of detections) {
        await replaceFile(join(folder, DETECTIONS[ranking]), JSON.stringify(cocoResults(of)))
      }
    })
    await writeEntry(folder, entry)
  } catch (error) {
    await removeEvaluation(folder).catch(() => {})
    throw error
  }
}

export async function writeEntry(folder: string, entry: EvaluationEntry): Promise<void> {
  await guarded(async () => {
    await replaceFile(join(folder, 'evaluation.json'), JSON.stringify(entry, null, 2))
  })
}

export async function writeOracle(folder: string, result: OracleResult): Promise<void> {
  await guarded(() => replaceFile(join(folder, 'oracle.json'), JSON.stringify(result)))
}

/** Null if it was not computed yet. */
export async function readOracle(folder: string): Promise<OracleResult | null> {
  const json = await readJson(join(folder, 'oracle.json')).catch(() => null)
  return OracleResult.safeParse(json).data ?? null
}

export const removeEvaluation = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true })

/** Throws USAGE_EVALUATION. */
export async function readFrozen(folder: string, entry: EvaluationEntry): Promise<Frozen> {
  const coco = (await readJson(join(folder, 'ground-truth.json'))) as CocoTruth
  const detections = new Map<Ranking, FrozenDetection[]>()
  for (const ranking of entry.rankings) {
    const results = (await readJson(join(folder, DETECTIONS[ranking]))) as CocoResult[]
    detections.set(ranking, results.map(fromResult))
  }
  return { truth: fromCoco(coco), detections }
}

/** If one of its files is missing or damaged, the evaluation counts as absent. */
async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw noSuch(cause)
  }
}

const noSuch = (cause?: unknown): CodedError =>
  new CodedError(
    'USAGE_EVALUATION',
    'There is no such evaluation, or its files are damaged',
    'Labels and models are as they were. Evaluate again',
    { cause },
  )

async function guarded(write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const isFull = code === 'ENOSPC' || code === 'IO_DISK_FULL'
    throw new CodedError(
      isFull ? 'IO_DISK_FULL' : 'IO_EVALUATION',
      `The evaluation cannot be saved: ${message}`,
      'Labels and models are as they were. Check the free space and the permissions of the project’s folder',
      { cause },
    )
  }
}

function cocoTruth({ images, categories, objects }: FrozenTruth) {
  return {
    images: images.map(({ fileName, ...image }) => ({ ...image, file_name: fileName })),
    categories,
    annotations: objects.map(({ annotationId, imageId, categoryId, box, area, crowd, segmentation }) => ({
      id: annotationId,
      image_id: imageId,
      category_id: categoryId,
      bbox: box,
      area,
      iscrowd: crowd ? 1 : 0,
      ...(segmentation && { segmentation }),
    })),
  }
}
type CocoTruth = ReturnType<typeof cocoTruth>

const fromCoco = ({ images, categories, annotations }: CocoTruth): FrozenTruth => ({
  categories,
  images: images.map(({ file_name, ...image }) => ({ ...image, fileName: file_name })),
  objects: annotations.map(({ id, image_id, category_id, bbox, area, iscrowd, segmentation }) => ({
    annotationId: id,
    imageId: image_id,
    categoryId: category_id,
    box: bbox,
    area,
    crowd: iscrowd === 1,
    ...(segmentation && { segmentation }),
  })),
})

/** File names are omitted, because the images' ids are those of ground-truth.json. */
const cocoResults = (detections: readonly FrozenDetection[]) =>
  detections.map(({ imageId, categoryId, box, area, score, classScore, centerness, segmentation }) => ({
    image_id: imageId,
    category_id: categoryId,
    bbox: box,
    ...(area !== undefined && { area }),
    ...(segmentation && { segmentation }),
    score,
    ...(classScore !== undefined && { class_score: classScore }),
    ...(centerness !== undefined && { centerness }),
  }))
type CocoResult = ReturnType<typeof cocoResults>[number]

const fromResult = (result: CocoResult): FrozenDetection => ({
  imageId: result.image_id,
  categoryId: result.category_id,
  box: result.bbox,
  score: result.score,
  ...(result.area !== undefined && { area: result.area }),
  ...(result.segmentation && { segmentation: result.segmentation }),
  ...(result.class_score !== undefined && { classScore: result.class_score }),
  ...(result.centerness !== undefined && { centerness: result.centerness }),
})
