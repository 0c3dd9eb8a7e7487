/** The data of an evaluation: labels and detections as they were when it began. */
import type { GroundTruth, TrueObject } from '../../../core/evaluation/ground-truth.ts'
import type { NamedImage } from '../../../core/formats/coco-ground-truth.ts'
import type { Detection } from '../../../core/formats/detection.ts'
import { maskOf } from '../../../core/geometry/coco-rle.ts'
import { rectangleRing } from '../../../core/geometry/polygon.ts'
import { isPolygons, type Segmentation } from '../../../core/geometry/segmentation.ts'
import type { ProjectImage } from '../../../core/project/model.ts'
import type { Project } from '../project/index.ts'

export interface FrozenObject extends Omit<TrueObject, 'mask'> {
  readonly annotationId: number
  /** Set if masks can be compared. An object without a usable outline has the rectangle of its box. */
  readonly segmentation?: Segmentation
}

export interface FrozenTruth extends GroundTruth {
  /** Sizes are set if masks can be compared. */
  readonly images: readonly NamedImage[]
  readonly objects: readonly FrozenObject[]
}

export interface FrozenDetection extends Omit<Detection, 'mask'> {
  readonly segmentation?: Segmentation
  /** p̂ and ô, if the detector has them; the score is √(p̂·ô). */
  readonly classScore?: number
  readonly centerness?: number
}

/** Number of images whose labels are read at a time. */
const CHUNK = 1000

/** The images that a query finds and somebody has worked on. Throws USAGE_QUERY. */
export const labelledImages = (project: Project, query: string): number[] =>
  project.find(`state:in-progress,done ${query}`)

export interface FrozenLabels {
  readonly truth: FrozenTruth
  /** Number of objects without a usable outline. */
  readonly boxObjects: number
}

/**
 * The labels of images, boxes and areas as the metrics take them (groundTruthOf).
 *
 * @param masks with the outlines, and the sizes of the images that these are drawn in
 */
export function freezeLabels(
  { images, annotations, classes }: Project,
  ids: readonly number[],
  masks: boolean,
): FrozenLabels {
  const sizes = new Map(images.list(ids).map((image) => [image.id, image]))
  const objects: FrozenObject[] = []
  let boxObjects = 0
  for (let start = 0; start < ids.length; start += CHUNK) {
    for (const one of annotations.ofImages(ids.slice(start, start + CHUNK)).flat()) {
      if (one.source === 'proposed') continue
      const [x1, y1, x2, y2] = one.box
      const box = [x1, y1, x2 - x1, y2 - y1] as const
      const area = one.area ?? box[2] * box[3]
      const { id: annotationId, imageId, classId: categoryId, crowd } = one
      const object: FrozenObject = { annotationId, imageId, categoryId, box, area, crowd }
      const outline = isUsable(one.segmentation, sizes.get(imageId)) ? one.segmentation : null
      if (!outline) boxObjects++
      objects.push(masks ? { ...object, segmentation: outline ?? [rectangleRing(one.box)] } : object)
    }
  }
  const truth = {
    categories: classes.all().map(({ id, name }) => ({ id, name })),
    images: [...sizes.values()].map(({ id, path, width, height }): NamedImage => {
      const size = width > 0 && height > 0 ? { width, height } : {}
      return { id, fileName: path, ...(masks && size) }
    }),
    objects,
  }
  return { truth, boxObjects }
}

/**
 * Whether there is an outline and, if it is run lengths, whether these fill the image. Imported masks are stored
 * unchecked.
 */
export function isUsable(
  segmentation: Segmentation | null | undefined,
  image: Pick<ProjectImage, 'width' | 'height'> | undefined,
): segmentation is Segmentation {
  if (!segmentation || isPolygons(segmentation)) return Boolean(segmentation)
  const [height, width] = segmentation.size
  try {
    maskOf(segmentation, image && image.width > 0 ? image : { width, height }, 'mask')
    return true
  } catch {
    return false
  }
}

/** Number of images of the evaluation that have other labels now, or are gone. */
export function changedImages(before: FrozenTruth, now: FrozenTruth): number {
  const [old, fresh] = [before, now].map(wordings) as [Map<number, string>, Map<number, string>]
  return [...old].filter(([id, wording]) => fresh.get(id) !== wording).length
}

function wordings({ images, objects }: FrozenTruth): Map<number, string> {
  const of = Map.groupBy(objects, ({ imageId }) => imageId)
  return new Map(images.map(({ id }) => [id, JSON.stringify(of.get(id) ?? [])]))
}
