/**
 * RetinaNet's anchors (Lin et al. 2017) as torchvision lays them out, to compare which boxes they could learn with FCOS's
 * best possible recall (FCOS section 4.1.1, table 1).
 */

import { DIALECTS } from '../detectors/fcos/config.ts'
import { anchorsOf } from '../detectors/retinanet/anchors.ts'
import type { DatasetImage } from '../formats/dataset.ts'
import type { SizeRule } from '../pyramid/input-size.ts'
import type { Pyramid } from '../pyramid/levels.ts'
import { SIZE_CLASSES, sizeClass } from './report.ts'
import { inputBoxes, isSized, perInputSize, targetAnnotations } from './setting.ts'

const ANCHORS = new Map([8, 16, 32, 64, 128].map((stride) => [stride, anchorsOf(stride)]))

/**
 * Each box's best IoU with any anchor: [N]. boxes: [N·4] in pixels of the input. The pyramid is one with `corner` locations,
 * which is where torchvision puts anchors.
 *
 * IoU with anchors of one shape grows with the overlap, and that along each axis with the nearness of the centres, so
 * that of each level and shape the nearest location alone is looked at.
 */
export function bestAnchorIou({ levels }: Pyramid, boxes: Float32Array): Float64Array {
  const best = new Float64Array(boxes.length / 4)
  for (const { stride, columns, rows, offset, spacing } of levels) {
    for (let gt = 0; gt < best.length; gt++) {
      const [x1, y1, x2, y2] = [boxes[gt * 4], boxes[gt * 4 + 1], boxes[gt * 4 + 2], boxes[gt * 4 + 3]]
      const area = (x2 - x1) * (y2 - y1)
      if (!(x2 > x1 && area > 0 && Number.isFinite(area))) continue
      const x = nearest((x1 + x2) / 2, offset.x, spacing.x, columns)
      const y = nearest((y1 + y2) / 2, offset.y, spacing.y, rows)
      for (const { halfWidth, halfHeight } of ANCHORS.get(stride)!) {
        const width = Math.min(x2, x + halfWidth) - Math.max(x1, x - halfWidth)
        const height = Math.min(y2, y + halfHeight) - Math.max(y1, y - halfHeight)
        if (width <= 0 || height <= 0) continue
        const shared = width * height
        best[gt] = Math.max(best[gt], shared / (area + 4 * halfWidth * halfHeight - shared))
      }
    }
  }
  return best
}

const nearest = (center: number, offset: number, spacing: number, cells: number): number =>
  offset + spacing * Math.min(Math.max(Math.round((center - offset) / spacing), 0), cells - 1)

/** Number of boxes that are recalled under each of the three rules of the table. */
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
  /** Keyed by category id, for categories that occur. */
  readonly perCategory = new Map<number, AnchorRecall>()
  /** In the order of SIZE_CLASSES. */
  readonly perSize = SIZE_CLASSES.map(noAnchorRecall)

  constructor(input: SizeRule) {
    this.#input = input
    // torchvision places anchors at the locations of its FCOS.
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
