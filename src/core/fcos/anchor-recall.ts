/** Which boxes of a data set RetinaNet's anchors could learn, beside FCOS's best possible recall (FCOS table 1). */
import type { DatasetImage } from '../formats/dataset.ts'
import type { SizeRule } from '../geometry/input-size.ts'
import { DIALECTS } from './config.ts'
import { SIZE_CLASSES, sizeClass } from './inspect.ts'
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
  for (const iou of bestIou) countBox(count, iou)
}

function countBox(count: AnchorRecall, iou: number): void {
  count.boxes++
  if (iou >= 0.5) count.highQuality++
  if (iou >= 0.4) count.from04++
  if (iou > 0) count.any++
}

/** Recall of the anchors, image after image. Images of unknown size do not count. */
export class AnchorMeter {
  readonly #input: SizeRule
  readonly #pyramidOf: ReturnType<typeof perInputSize<undefined>>
  readonly recall = noAnchorRecall()
  /** By category id; of those that occur. */
  readonly perCategory = new Map<number, AnchorRecall>()
  /** In the order of SIZE_CLASSES. */
  readonly perSize = SIZE_CLASSES.map(noAnchorRecall)

  constructor(input: SizeRule) {
    this.#input = input
    // torchvision puts anchors where its FCOS has locations.
    this.#pyramidOf = perInputSize({ input, rules: DIALECTS.torchvision }, () => undefined)
  }

  add(image: DatasetImage): void {
    if (!isSized(image)) return
    const targets = targetAnnotations(image).map(([, annotation]) => annotation)
    const boxes = targets.map(({ box }) => box)
    const { layout } = this.#pyramidOf(image)
    const bestIou = bestAnchorIou(layout, inputBoxes(image, boxes, this.#input))
    countAnchorRecall(this.recall, bestIou)
    for (const [gt, annotation] of targets.entries()) {
      countBox(this.#ofCategory(annotation.categoryId), bestIou[gt])
      countBox(this.perSize[sizeClass(annotation)], bestIou[gt])
    }
  }

  #ofCategory(id: number): AnchorRecall {
    const known = this.perCategory.get(id) ?? noAnchorRecall()
    this.perCategory.set(id, known)
    return known
  }
}
