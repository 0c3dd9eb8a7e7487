/**
 * Which box each of RetinaNet's anchors learns (Lin et al. 2017, section 4), as torchvision's Matcher decides it: by IoU, with the
 * "low-quality" rule that keeps a box from having no anchor at all.
 *
 * A = 9·L anchors, G boxes. Boxes are [G·4] x1, y1, x2, y2 in pixels of the input. IoUs are float32, since equality decides.
 */
import type { Level, Pyramid } from '../../pyramid/levels.ts'
import { BACKGROUND, IGNORED } from '../assigner.ts'
import { ANCHORS_PER_LOCATION, type Anchor, anchorsOf } from './anchors.ts'

export interface MatcherRules {
  /** From this IoU on an anchor learns the box. */
  readonly positive: number
  /** Below this IoU an anchor is background; between the two it is left out of the loss. */
  readonly negative: number
  /**
   * The anchors that fit a box best learn one too, however badly they fit. Each learns the box that it fits best itself, which need not be
   * the one that it is the best for: such a box can still end with nothing.
   */
  readonly lowQuality: boolean
  /** The low-quality rule's least IoU. torchvision has none: where it is 0, boxes of a few pixels win dozens of anchors. */
  readonly lowQualityFloor: number
}

export const TORCHVISION_RULES: MatcherRules = {
  positive: 0.5,
  negative: 0.4,
  lowQuality: true,
  lowQualityFloor: 0,
}

export interface AnchorAssignment {
  /** [A] index into `boxes`, BACKGROUND or IGNORED. */
  readonly matched: Int32Array
  /** [A] the anchor's IoU with the box that it fits best; 0 without overlap. */
  readonly bestIou: Float32Array
  /** [A] that box, of equals the first; BACKGROUND where no box overlaps. */
  readonly bestBox: Int32Array
  /** [G] the best IoU that any anchor has with the box. */
  readonly boxIou: Float32Array
  /** Anchors that are positive by the low-quality rule alone, ascending. */
  readonly lowQuality: readonly number[]
  /** Boxes that no anchor overlaps. torchvision would give every anchor to them; here they have none, and must be named. */
  readonly unreachable: readonly number[]
}

export function assign(layout: Pyramid, rules: MatcherRules, boxes: Float32Array): AnchorAssignment {
  const anchors = layout.locations * ANCHORS_PER_LOCATION
  const count = boxes.length / 4
  const bestIou = new Float32Array(anchors)
  const bestBox = new Int32Array(anchors).fill(BACKGROUND)
  const boxIou = new Float32Array(count)
  const closest: number[][] = Array.from({ length: count }, () => [])
  for (const level of layout.levels) {
    const shapes = anchorsOf(level.stride)
    for (let gt = 0; gt < count; gt++) {
      forEachOverlap(level, shapes, boxes, gt, (anchor, iou) => {
        if (iou > bestIou[anchor]) {
          bestIou[anchor] = iou
          bestBox[anchor] = gt
        }
        if (iou < boxIou[gt]) return
        if (iou > boxIou[gt]) closest[gt] = []
        boxIou[gt] = iou
        closest[gt].push(anchor)
      })
    }
  }

  const matched = new Int32Array(anchors)
  const negative = Math.fround(rules.negative)
  const positive = Math.fround(rules.positive)
  for (let anchor = 0; anchor < anchors; anchor++) {
    const iou = bestIou[anchor]
    matched[anchor] = iou >= positive ? bestBox[anchor] : iou >= negative ? IGNORED : BACKGROUND
  }
  const lowQuality = new Set<number>()
  for (let gt = 0; rules.lowQuality && gt < count; gt++) {
    if (boxIou[gt] === 0 || boxIou[gt] < rules.lowQualityFloor) continue
    for (const anchor of closest[gt]) {
      if (matched[anchor] < 0) lowQuality.add(anchor)
    }
  }
  for (const anchor of lowQuality) matched[anchor] = bestBox[anchor]
  return {
    matched,
    bestIou,
    bestBox,
    boxIou,
    lowQuality: [...lowQuality].sort((a, b) => a - b),
    unreachable: [...boxIou.keys()].filter((gt) => boxIou[gt] === 0),
  }
}

/** Visits the anchors of a level that share pixels with a box. */
function forEachOverlap(
  { first, rows, columns, offset, spacing }: Level,
  shapes: readonly Anchor[],
  boxes: Float32Array,
  gt: number,
  visit: (anchor: number, iou: number) => void,
): void {
  const f = Math.fround
  const [x1, y1, x2, y2] = [boxes[gt * 4], boxes[gt * 4 + 1], boxes[gt * 4 + 2], boxes[gt * 4 + 3]]
  const area = f(f(x2 - x1) * f(y2 - y1))
  if (!(area > 0)) return
  for (const [shape, { halfWidth, halfHeight }] of shapes.entries()) {
    const anchorArea = 4 * halfWidth * halfHeight
    const left = Math.max(0, Math.ceil((x1 - halfWidth - offset.x) / spacing.x))
    const right = Math.min(columns - 1, Math.floor((x2 + halfWidth - offset.x) / spacing.x))
    const top = Math.max(0, Math.ceil((y1 - halfHeight - offset.y) / spacing.y))
    const bottom = Math.min(rows - 1, Math.floor((y2 + halfHeight - offset.y) / spacing.y))
    for (let row = top; row <= bottom; row++) {
      const y = offset.y + row * spacing.y
      const height = f(Math.min(y2, y + halfHeight) - Math.max(y1, y - halfHeight))
      if (height <= 0) continue
      for (let column = left; column <= right; column++) {
        const x = offset.x + column * spacing.x
        const width = f(Math.min(x2, x + halfWidth) - Math.max(x1, x - halfWidth))
        if (width <= 0) continue
        const shared = f(width * height)
        const iou = f(shared / f(f(area + anchorArea) - shared))
        visit((first + row * columns + column) * ANCHORS_PER_LOCATION + shape, iou)
      }
    }
  }
}
