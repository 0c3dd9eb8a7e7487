/** What a detector says about an image, as every detector hands it out and the evaluator takes it. */
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
  /** Given where detections are compared by their masks. */
  readonly mask?: Rle
}
