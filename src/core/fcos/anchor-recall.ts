/** Which boxes of a data set RetinaNet's anchors could learn, beside FCOS's best possible recall (FCOS table 1). */
import type { DatasetImage } from '../formats/dataset.ts'
import type { SizeRule } from '../geometry/input-size.ts'
import { DIALECTS } from './config.ts'
import { bestAnchorIou } from './retinanet-anchors.ts'
import { inputBoxes, isSized, perInputSize, targetAnnotations } from './scene.ts'

/** Boxes that are recalled under the three rules of the table. */
export interface AnchorRecall {
  boxes: number
  /** Without low-quality matches: best IoU of 0.5 or more. */
  highQuality: number
  /** With low-quality matches from 0.4 on. */
  from04: number
  /** With all low-quality matches: any overlap. */
  any: number
}

export const noAnchorRecall = (): AnchorRecall => ({ boxes: 0, highQuality: 0, from04: 0, any: 0 })

/** Adds boxes by their best IoU. */
export function countAnchorRecall(count: AnchorRecall, bestIou: Float64Array): void {
  for (const iou of bestIou) {
    count.boxes++
    if (iou >= 0.5) count.highQuality++
    if (iou >= 0.4) count.from04++
    if (iou > 0) count.any++
  }
}

/** Recall of the anchors, image after image. Images of unknown size do not count. */
export class AnchorMeter {
  readonly #input: SizeRule
  readonly #pyramidOf: ReturnType<typeof perInputSize<undefined>>
  readonly recall = noAnchorRecall()

  constructor(input: SizeRule) {
    this.#input = input
    // torchvision puts anchors where its FCOS has locations.
    this.#pyramidOf = perInputSize({ input, rules: DIALECTS.torchvision }, () => undefined)
  }

  add(image: DatasetImage): void {
    if (!isSized(image)) return
    const boxes = targetAnnotations(image).map(([, { box }]) => box)
    const { layout } = this.#pyramidOf(image)
    countAnchorRecall(this.recall, bestAnchorIou(layout, inputBoxes(image, boxes, this.#input)))
  }
}
