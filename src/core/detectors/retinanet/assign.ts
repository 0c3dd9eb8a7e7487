/**
 * Which box each of RetinaNet's anchors learns (Lin et al. 2017, section 4), as torchvision's Matcher decides it: by IoU, with the
 * "low-quality" rule that keeps a box from having no anchor at all.
 *
 * A = 9·L anchors, G boxes. Boxes are [G·4] x1, y1, x2, y2 in pixels of the input. IoUs are float32, since equality decides.
 */
import { z } from 'zod'
import type { Size } from '../../geometry/box.ts'
import type { Level, Pyramid } from '../../pyramid/levels.ts'
import { BACKGROUND, IGNORED } from '../assigner.ts'
import { ANCHORS_PER_LOCATION, type Anchor, anchorsOf } from './anchors.ts'

export const MatcherRules = z
  .strictObject({
    /** From this IoU on an anchor learns the box. */
    positive: z.number().gt(0).max(1),
    /** Below this IoU an anchor is background; between the two it is left out of the loss. */
    negative: z.number().min(0).max(1),
    /**
     * The anchors that fit a box best learn one too, however badly they fit. Each learns the box that it fits best itself, which need not be
     * the one that it is the best for: such a box can still end with nothing.
     */
    lowQuality: z.boolean(),
    /** The low-quality rule's least IoU. torchvision has none: where it is 0, boxes of a few pixels win dozens of anchors. */
    lowQualityFloor: z.number().min(0).max(1),
  })
  .refine(({ negative, positive }) => negative <= positive, 'negative must not be above positive')
export type MatcherRules = Readonly<z.infer<typeof MatcherRules>>

export const TORCHVISION_RULES: MatcherRules = {
  positive: 0.5,
  negative: 0.4,
  lowQuality: true,
  lowQualityFloor: 0,
}

export interface AnchorAssignment {
  /** [A] index into `boxes`, BACKGROUND or IGNORED. */
  readonly matched: Int32Array<ArrayBuffer>
  /** [A] the anchor's IoU with the box that it fits best; 0 where that was not computed, see assign. */
  readonly bestIou: Float32Array
  /** [A] that box, of equals the first; BACKGROUND where bestIou is 0. */
  readonly bestBox: Int32Array
  /** [G] the best IoU that any anchor has with the box. */
  readonly boxIou: Float32Array
  /** [G] the anchors of that IoU; none where no anchor overlaps the box. */
  readonly closest: readonly (readonly number[])[]
  /** Anchors that are positive by the low-quality rule alone, ascending. */
  readonly lowQuality: Int32Array
  /** Boxes that no anchor overlaps. torchvision would give every anchor to them; here they have none, and must be named. */
  readonly unreachable: readonly number[]
}

/** The anchors that matter to one box, whatever other boxes there are. */
export interface NearAnchors {
  /** Those with an IoU of at least some bound, in no order … */
  readonly anchors: readonly number[]
  /** … and their IoUs. */
  readonly ious: readonly number[]
  /** The best IoU of any anchor, and the anchors that have it; 0 and none where no anchor overlaps the box. */
  readonly best: number
  readonly closest: readonly number[]
}

export function nearAnchors(layout: Pyramid, boxes: Float32Array, gt: number, least: number): NearAnchors {
  const [anchors, ious]: [number[], number[]] = [[], []]
  let best = 0
  let closest: number[] = []
  const note = (anchor: number, iou: number) => {
    if (iou < best) return
    if (iou > best) closest = []
    best = iou
    closest.push(anchor)
  }
  forEachOverlap(
    layout,
    boxes,
    gt,
    () => least,
    (anchor, iou) => {
      anchors.push(anchor)
      ious.push(iou)
      note(anchor, iou)
    },
  )
  if (best === 0 && least > 0) forEachOverlap(layout, boxes, gt, () => best, note)
  return { anchors, ious, best, closest }
}

/**
 * @param nearOf gives nearAnchors of a box, with a bound of at most rules.negative: a higher one would change matches. IoUs below it
 *   are left out of bestIou and bestBox but where they are a box's best. By default all are computed
 * @param into `matched` of an earlier call over the same layout; it is overwritten, as are bestIou and bestBox of that call
 */
export function assign(
  layout: Pyramid,
  rules: MatcherRules,
  boxes: Float32Array,
  nearOf: (gt: number) => NearAnchors = (gt) => nearAnchors(layout, boxes, gt, 0),
  into?: Int32Array<ArrayBuffer>,
): AnchorAssignment {
  const total = layout.locations * ANCHORS_PER_LOCATION
  const count = boxes.length / 4
  const matched = (into ?? new Int32Array(total)).fill(BACKGROUND)
  const { bestIou, bestBox } = bestOf(matched)
  bestIou.fill(0)
  bestBox.fill(BACKGROUND)
  const boxIou = new Float32Array(count)
  const closest: (readonly number[])[] = []
  const negative = Math.fround(rules.negative)
  const positive = Math.fround(rules.positive)
  for (let gt = 0; gt < count; gt++) {
    const near = nearOf(gt)
    for (let i = 0; i < near.anchors.length; i++) {
      const anchor = near.anchors[i]
      const iou = near.ious[i]
      if (iou <= bestIou[anchor]) continue
      bestIou[anchor] = iou
      bestBox[anchor] = gt
      if (iou >= negative) matched[anchor] = iou >= positive ? gt : IGNORED
    }
    boxIou[gt] = near.best
    closest.push(near.closest)
  }

  const lowQuality: number[] = []
  for (let gt = 0; rules.lowQuality && gt < count; gt++) {
    if (boxIou[gt] === 0 || boxIou[gt] < Math.fround(rules.lowQualityFloor)) continue
    for (const anchor of closest[gt]) {
      if (matched[anchor] >= 0 || matched[anchor] === GIVEN) continue
      matched[anchor] = GIVEN
      lowQuality.push(anchor)
    }
  }
  let index: BoxIndex | undefined
  for (const anchor of lowQuality) {
    if (bestBox[anchor] === BACKGROUND) {
      index ??= new BoxIndex(layout.input, boxes)
      const place = anchorAt(layout, anchor)
      bestBox[anchor] = index.bestFor(place)
      bestIou[anchor] = anchorIou(place, boxes, bestBox[anchor])
    }
    matched[anchor] = bestBox[anchor]
  }
  return {
    ...{ matched, bestIou, bestBox, boxIou, closest },
    lowQuality: Int32Array.from(lowQuality).sort(),
    unreachable: [...boxIou.keys()].filter((gt) => boxIou[gt] === 0),
  }
}

/** Stands in for a box in `matched` until it is known which one the low-quality rule gives the anchor to. */
const GIVEN = -3

type Best = Pick<AnchorAssignment, 'bestIou' | 'bestBox'>

/** Made once for each buffer that callers use again and again, which is overwritten as these are. */
const bests = new WeakMap<Int32Array, Best>()

function bestOf(matched: Int32Array): Best {
  const known = bests.get(matched)
  if (known) return known
  const made = { bestIou: new Float32Array(matched.length), bestBox: new Int32Array(matched.length) }
  bests.set(matched, made)
  return made
}

const TILE_PX = 64

/** Boxes by the tiles of the input that they touch. Those beyond its edge count to the tiles along it. */
class BoxIndex {
  readonly #boxes: Float32Array
  readonly #areas: Float32Array
  readonly #columns: number
  readonly #rows: number
  readonly #tiles: number[][]

  constructor({ width, height }: Size, boxes: Float32Array) {
    this.#boxes = boxes
    this.#areas = Float32Array.from({ length: boxes.length / 4 }, (_, gt) => areaOf(boxes, gt))
    this.#columns = Math.ceil(width / TILE_PX)
    this.#rows = Math.ceil(height / TILE_PX)
    this.#tiles = Array.from({ length: this.#columns * this.#rows }, () => [])
    for (const [gt, area] of this.#areas.entries()) {
      if (area === 0) continue
      const [right, bottom] = [this.#columnAt(boxes[gt * 4 + 2]), this.#rowAt(boxes[gt * 4 + 3])]
      for (let row = this.#rowAt(boxes[gt * 4 + 1]); row <= bottom; row++)
        for (let column = this.#columnAt(boxes[gt * 4]); column <= right; column++)
          this.#tiles[row * this.#columns + column].push(gt)
    }
  }

  /** The box of the greatest IoU with an anchor, of equals the first; BACKGROUND where none overlaps it. */
  bestFor({ x, y, halfWidth, halfHeight }: PlacedAnchor): number {
    const [boxes, areas] = [this.#boxes, this.#areas]
    const [left, top, right, bottom] = [x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight]
    const anchorArea = 4 * halfWidth * halfHeight
    let best = BACKGROUND
    let bestIou = 0
    const [lastRow, lastColumn] = [this.#rowAt(bottom), this.#columnAt(right)]
    for (let row = this.#rowAt(top); row <= lastRow; row++) {
      for (let column = this.#columnAt(left); column <= lastColumn; column++) {
        // A box is met once in each tile that it touches.
        for (const gt of this.#tiles[row * this.#columns + column]) {
          const width = Math.fround(Math.min(boxes[gt * 4 + 2], right) - Math.max(boxes[gt * 4], left))
          const height = Math.fround(Math.min(boxes[gt * 4 + 3], bottom) - Math.max(boxes[gt * 4 + 1], top))
          if (!(width > 0 && height > 0)) continue
          const shared = Math.fround(width * height)
          const iou = Math.fround(shared / Math.fround(Math.fround(areas[gt] + anchorArea) - shared))
          if (iou < bestIou || iou === 0 || (iou === bestIou && gt > best)) continue
          best = gt
          bestIou = iou
        }
      }
    }
    return best
  }

  #columnAt(x: number): number {
    return tileAt(x, this.#columns)
  }

  #rowAt(y: number): number {
    return tileAt(y, this.#rows)
  }
}

const tileAt = (value: number, tiles: number): number =>
  Math.min(Math.max(Math.floor(value / TILE_PX), 0), tiles - 1)

/** How far below a bound an IoU may lie by rounding. */
const SLACK = 1 - 1e-5

/**
 * Visits the anchors that share pixels with a box and have an IoU of at least `leastOf()`, level by level and shape by shape; it is asked
 * before each shape.
 *
 * IoU ≤ shared width / larger width, and the same of heights: only anchors within a window around the box come into question, and
 * of shapes only those whose IoU could be enough if one lay in the other.
 */
export function forEachOverlap(
  { levels }: Pyramid,
  boxes: Float32Array,
  gt: number,
  leastOf: () => number,
  visit: (anchor: number, iou: number) => void,
): void {
  const f = Math.fround
  const [x1, y1, x2, y2] = [boxes[gt * 4], boxes[gt * 4 + 1], boxes[gt * 4 + 2], boxes[gt * 4 + 3]]
  const area = areaOf(boxes, gt)
  if (!(area > 0)) return
  const [boxWidth, boxHeight] = [x2 - x1, y2 - y1]
  for (const { stride, first, rows, columns, offset, spacing } of levels) {
    for (const [shape, { halfWidth, halfHeight }] of anchorsOf(stride).entries()) {
      const least = leastOf()
      const bound = least * SLACK
      const anchorArea = 4 * halfWidth * halfHeight
      const within = Math.min(boxWidth, 2 * halfWidth) * Math.min(boxHeight, 2 * halfHeight)
      if (within < bound * (area + anchorArea - within)) continue
      const reachX = halfWidth - bound * Math.max(boxWidth, 2 * halfWidth)
      const reachY = halfHeight - bound * Math.max(boxHeight, 2 * halfHeight)
      const left = Math.max(0, Math.ceil((x1 - reachX - offset.x) / spacing.x))
      const right = Math.min(columns - 1, Math.floor((x2 + reachX - offset.x) / spacing.x))
      const top = Math.max(0, Math.ceil((y1 - reachY - offset.y) / spacing.y))
      const bottom = Math.min(rows - 1, Math.floor((y2 + reachY - offset.y) / spacing.y))
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
          if (iou >= least) visit((first + row * columns + column) * ANCHORS_PER_LOCATION + shape, iou)
        }
      }
    }
  }
}

/** The IoU of one anchor with one box; 0 for a box without area. */
export function anchorIou(
  { x, y, halfWidth, halfHeight }: PlacedAnchor,
  boxes: Float32Array,
  gt: number,
): number {
  const f = Math.fround
  const width = f(Math.min(boxes[gt * 4 + 2], x + halfWidth) - Math.max(boxes[gt * 4], x - halfWidth))
  if (!(width > 0)) return 0
  const height = f(Math.min(boxes[gt * 4 + 3], y + halfHeight) - Math.max(boxes[gt * 4 + 1], y - halfHeight))
  const area = areaOf(boxes, gt)
  if (!(height > 0 && area > 0)) return 0
  const shared = f(width * height)
  return f(shared / f(f(area + 4 * halfWidth * halfHeight) - shared))
}

function areaOf(boxes: Float32Array, gt: number): number {
  const [width, height] = [boxes[gt * 4 + 2] - boxes[gt * 4], boxes[gt * 4 + 3] - boxes[gt * 4 + 1]]
  return width > 0 && height > 0 && Number.isFinite(width + height)
    ? Math.fround(Math.fround(width) * Math.fround(height))
    : 0
}

/** An anchor around (x, y), in pixels of the input. */
export interface PlacedAnchor extends Anchor {
  readonly x: number
  readonly y: number
  readonly level: Level
}

export function anchorAt({ levels }: Pyramid, anchor: number): PlacedAnchor {
  const location = Math.floor(anchor / ANCHORS_PER_LOCATION)
  const level = levels.findLast(({ first }) => first <= location)!
  const row = Math.floor((location - level.first) / level.columns)
  const { halfWidth, halfHeight } = anchorsOf(level.stride)[anchor % ANCHORS_PER_LOCATION]
  return {
    ...{ halfWidth, halfHeight, level },
    x: level.offset.x + (location - level.first - row * level.columns) * level.spacing.x,
    y: level.offset.y + row * level.spacing.y,
  }
}
