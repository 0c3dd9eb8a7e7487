/** One detection, in the form in which detectors return it and the evaluation takes it. */
import type { BoxXywh } from '../geometry/box.ts'
import type { Rle } from '../geometry/rle.ts'

export interface Detection {
  readonly imageId: number
  readonly categoryId: number
  /** Image pixels; x, y, width, height as in COCO results, so that areas are evaluated to the last bit as written. */
  readonly box: BoxXywh
  /** Higher is surer. Only the order counts in evaluation, it need not be a probability. */
  readonly score: number
  /** Pixels²; decides the size class. The box's where it is not given. */
  readonly area?: number
  /** Set if detections are compared by their masks. */
  readonly mask?: Rle
}

/** Many detections, as columns. */
export interface DetectionColumns {
  readonly rows: number
  readonly imageId: Float64Array
  readonly categoryId: Float64Array
  /** [rows·4] x, y, width, height. */
  readonly boxes: Float64Array
  readonly scores: Float64Array
  /** Null where all are the boxes'. */
  readonly areas: Float64Array | null
  /** Null where none has one. */
  readonly masks: readonly (Rle | undefined)[] | null
}

export function detectionColumns(all: readonly Detection[]): DetectionColumns {
  const rows = all.length
  const [imageId, categoryId, scores] = [0, 1, 2].map(() => new Float64Array(rows)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  const boxes = new Float64Array(4 * rows)
  let [areas, masks]: [Float64Array | null, (Rle | undefined)[] | null] = [null, null]
  for (let row = 0; row < rows; row++) {
    const one = all[row]!
    const { box } = one
    imageId[row] = one.imageId
    categoryId[row] = one.categoryId
    scores[row] = one.score
    boxes[4 * row] = box[0]
    boxes[4 * row + 1] = box[1]
    boxes[4 * row + 2] = box[2]
    boxes[4 * row + 3] = box[3]
    if (one.area !== undefined) (areas ??= new Float64Array(rows).fill(Number.NaN))[row] = one.area
    if (one.mask) (masks ??= Array<Rle | undefined>(rows))[row] = one.mask
  }
  return { rows, imageId, categoryId, boxes, scores, areas, masks }
}
