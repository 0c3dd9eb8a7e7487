/** Orders images by how useful a person's look at them is, judged by the predictions of the model in use. */
import type { CurrentModel, ReviewItem } from '../../../core/contract/studio/models.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import { evaluationSelection, guessesOf, type ModelGuess } from '../../../core/detectors/shared/select.ts'
import { iou } from '../../../core/geometry/box.ts'
import type { ProjectAnnotation } from '../../../core/project/model.ts'
import { matchClasses } from '../../../core/review/class-match.ts'
import { diverseOrder } from '../../../core/review/diverse-order.ts'
import { type Disagreement, type ReviewImage, usefulness } from '../../../core/review/usefulness.ts'
import { keyOf } from '../../images/image-file.ts'
import { givingWay } from '../datasets/give-way.ts'
import type { Project } from '../project/index.ts'
import type { Models } from './models.ts'

/** The threshold is low, because uncertain detections are the most informative. */
const SELECTION = { score: 0.1, centerness: true } as const
/** A confident detection without a label is a disagreement; a weak one is only uncertainty. */
const SURE = 0.5
/** IoU from which on an object counts as found. */
const FOUND = 0.5
/** Images among which an order without near-duplicates is sought: it costs their number times that of the order. */
const CONSIDERED = 2000

export interface ReviewQueue {
  readonly items: readonly ReviewItem[]
  readonly images: number
  readonly known: number
}

/** A model's predictions for an image. */
export interface Seen {
  readonly guesses: readonly ModelGuess[]
  readonly classIds: readonly (number | null)[]
  readonly embedding: Float32Array
}

/** Images that are done or ignored are left out. */
export async function reviewQueue(
  models: Models,
  model: CurrentModel,
  project: Project,
  query: string,
  limit: number,
): Promise<ReviewQueue> {
  const ids = project.find(`state:new,in-progress ${query}`)
  const seen = await lookUp(models, model, project, ids)
  const known = ids.filter((id) => seen.has(id))
  const annotations = project.annotations.ofImages(known)
  const images = known.map((id, i): ReviewImage => reviewImage(id, seen.get(id)!, annotations[i]!))
  const ranked = usefulness(images, project.classes.counts())
    .sort((a, b) => b.value - a.value)
    .slice(0, CONSIDERED)
  const placed = ranked.map(({ imageId, value }) => ({ value, embedding: seen.get(imageId)!.embedding }))
  const items = diverseOrder(placed, limit).map((index): ReviewItem => {
    const { imageId, ...useful } = ranked[index]!
    return { image: imageId, ...useful }
  })
  return { items, images: ids.length, known: known.length }
}

/** Keyed by image; images without predictions are missing. */
export async function lookUp(
  models: Models,
  model: CurrentModel,
  project: Project,
  ids: readonly number[],
): Promise<Map<number, Seen>> {
  const classes = project.classes.all()
  const giveWay = givingWay()
  const versions = await models.cache.kept([...new Set([model.key, ...models.versions])])
  const seen = new Map<number, Seen>()
  for (const id of ids) {
    const key = await keyOf(project.fileOf(id)).catch(() => undefined)
    const found = key && (await newest(models, versions, key))
    if (found) {
      const { candidates, embedding } = found
      const options = { ...evaluationSelection(detectorOf(found.model.config)), ...SELECTION }
      const classIds = matchClasses(found.model.config.classes, classes)
      seen.set(id, { guesses: guessesOf(candidates, options), classIds, embedding })
    }
    await giveWay()
  }
  return seen
}

/**
 * Predictions of the newest version of the model that has processed the image, which is accurate enough for an order.
 *
 * @param versions newest first
 */
async function newest(models: Models, versions: readonly string[], image: string) {
  for (const version of versions) {
    const found = await models.cache.read(version, image)
    if (found) return found
  }
  return undefined
}

function reviewImage(
  imageId: number,
  { guesses, classIds }: Seen,
  annotations: readonly ProjectAnnotation[],
): ReviewImage {
  const labels = annotations.filter(({ source, crowd }) => source !== 'proposed' && !crowd)
  const detections = guesses.flatMap(({ label, score, box }) => {
    const categoryId = classIds[label] ?? null
    return categoryId === null ? [] : [{ categoryId, score, box }]
  })
  if (labels.length === 0) return { imageId, detections }
  return { imageId, detections, disagreement: disagreementOf(detections, labels) }
}

/**
 * `wrong` counts confident detections that overlap no label of their class, `missed` labels that no detection
 * overlaps.
 */
function disagreementOf(
  detections: readonly (ReviewImage['detections'][number] & Pick<ModelGuess, 'box'>)[],
  labels: readonly ProjectAnnotation[],
): Disagreement {
  const agree = (one: (typeof detections)[number], label: ProjectAnnotation): boolean =>
    one.categoryId === label.classId && iou(one.box, label.box) >= FOUND
  const wrong = detections.filter((one) => one.score >= SURE && !labels.some((label) => agree(one, label)))
  const missed = labels.filter((label) => !detections.some((one) => agree(one, label)))
  return { falsePositives: wrong.map(({ score }) => score), falseNegatives: missed.length }
}
