/** The ground truth that detections are compared with. */
import type { Category, Dataset } from '../formats/dataset.ts'
import type { BoxXywh } from '../geometry/box.ts'
import type { Rle } from '../geometry/rle.ts'

export interface TrueObject {
  readonly imageId: number
  readonly categoryId: number
  /** Image pixels; x, y, width, height as COCO writes them. */
  readonly box: BoxXywh
  /** Pixels²; decides the size class. COCO's is the segment's, not the box's. */
  readonly area: number
  /** A region of many objects. It need not be found, and finding it is not wrong. */
  readonly crowd: boolean
  /** Set if objects are compared by their masks. */
  readonly mask?: Rle
}

export interface GroundTruth {
  readonly categories: readonly Category[]
  readonly images: readonly { readonly id: number }[]
  /** In the order of the source, which decides between objects of equal IoU. */
  readonly objects: readonly TrueObject[]
}

/**
 * The objects of a data set. Its boxes are corners, so a width may differ in the last bit from the one in a COCO
 * file, enough to move a box across an IoU threshold that it meets exactly; `parseCocoGroundTruth` keeps the file's.
 */
export function groundTruthOf(dataset: Dataset): GroundTruth {
  return {
    categories: dataset.categories,
    images: dataset.images,
    objects: dataset.images.flatMap(({ id, annotations }) =>
      annotations.map(({ box: [x1, y1, x2, y2], categoryId, area, crowd }): TrueObject => {
        const box = [x1, y1, x2 - x1, y2 - y1] as const
        return { imageId: id, categoryId, box, area: area ?? box[2] * box[3], crowd: crowd ?? false }
      }),
    ),
  }
}
