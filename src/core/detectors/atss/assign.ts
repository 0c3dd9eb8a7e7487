/**
 * ATSS, adaptive training sample selection (Zhang et al., CVPR 2020, arXiv 1912.02424, algorithm 1): which locations learn a
 * box is decided by the mean and the standard deviation of the IoUs of its nearest anchors.
 *
 * L locations (see anchorCentres), G boxes, C candidates per box. Boxes are [G·4] x1, y1, x2, y2 in pixels of the input.
 * Every step is rounded to float32, in the order of the reference implementations.
 */

import { z } from 'zod'
import type { Size } from '../../geometry/box.ts'
import { type Level, type Pyramid, pyramid } from '../../pyramid/levels.ts'
import { BACKGROUND } from '../assigner.ts'

export const AtssRules = z.strictObject({
  /** k: how many anchors of each level are candidates of a box. */
  candidates: z.int().min(1).max(100),
  /**
   * authors: anchors lie around s/2 + i·s, and widths count the last pixel in (+1). mmdet: anchors lie around i·s, and widths are
   * differences.
   */
  dialect: z.enum(['authors', 'mmdet']),
  /** A box that wins no location gets its best candidate. Not part of ATSS, where such a box is never learnt. */
  atLeastOne: z.boolean(),
})
export type AtssRules = Readonly<z.infer<typeof AtssRules>>

export const PAPER_RULES: AtssRules = { candidates: 9, dialect: 'authors', atLeastOne: false }

/** An anchor is a square of this many strides. */
export const ANCHOR_STRIDES = 8

/** Least distance in pixels from an anchor's centre to the sides of a box that it may learn. */
const INSIDE = 0.01

/** The locations over an input, which are the centres of the anchors. mmdet's begin at the corner, with the stride between them. */
export function anchorCentres(input: Size, dialect: AtssRules['dialect']): Pyramid {
  const layout = pyramid(input, 'half-stride')
  if (dialect === 'authors') return layout
  return { ...layout, levels: layout.levels.map((level) => ({ ...level, offset: { x: 0, y: 0 } })) }
}

export interface AtssAssignment {
  /** [L] index into `boxes`, or BACKGROUND. */
  readonly matched: Int32Array<ArrayBuffer>
  /** [G·C] locations, per level the nearest first; −1 fills up. C is the same for all boxes. */
  readonly candidates: Int32Array
  /** [G·C] IoU of each candidate's anchor with the box. */
  readonly candidateIou: Float32Array
  /** [G·C] 1 where the candidate reaches the threshold and lies inside the box: it learns the box if no other fits better. */
  readonly eligible: Uint8Array
  /** [G] mean and standard deviation (over n − 1) of a box's IoUs. */
  readonly mean: Float32Array
  readonly deviation: Float32Array
  /** [G] mean + deviation: the least IoU of a positive. */
  readonly threshold: Float32Array
  /** Locations given by `atLeastOne`, in ascending order. */
  readonly rescued: readonly number[]
}

/** The candidates of one box, which are the same whatever other boxes there are; as in AtssAssignment. */
export type Candidates = {
  readonly [Field in 'candidates' | 'candidateIou' | 'eligible']: AtssAssignment[Field]
} & { readonly mean: number; readonly deviation: number }

/** @returns the candidates of each of `boxes`; null for one without area */
export function candidateFinder(
  layout: Pyramid,
  rules: AtssRules,
  boxes: Float32Array,
): (gt: number) => Candidates | null {
  const anchors = new Anchors(layout, rules)
  const perBox = candidatesPerBox(layout, rules)
  return (gt) => {
    if (!hasArea(boxes, gt)) return null
    const candidates = new Int32Array(perBox)
    anchors.nearest(boxes, gt, rules.candidates, candidates, 0)
    const candidateIou = Float32Array.from(candidates, (location) => anchors.iou(location, boxes, gt))
    const { mean, deviation } = moments(candidateIou)
    const threshold = Math.fround(mean + deviation)
    const eligible = Uint8Array.from(candidates, (location, c) =>
      candidateIou[c] >= threshold && anchors.isInside(location, boxes, gt) ? 1 : 0,
    )
    return { candidates, candidateIou, eligible, mean, deviation }
  }
}

export const candidatesPerBox = ({ levels }: Pyramid, { candidates }: AtssRules): number =>
  levels.reduce((sum, { columns, rows }) => sum + Math.min(candidates, columns * rows), 0)

/**
 * Boxes without area have candidates of IoU 0 and learn nothing.
 * @param candidatesOf gives what candidateFinder does
 * @param into `matched` of an earlier call over the same layout; it is overwritten
 */
export function assign(
  layout: Pyramid,
  rules: AtssRules,
  boxes: Float32Array,
  candidatesOf = candidateFinder(layout, rules, boxes),
  into = new Int32Array(layout.locations),
): AtssAssignment {
  const count = boxes.length / 4
  const perBox = candidatesPerBox(layout, rules)
  const out = {
    matched: into.fill(BACKGROUND),
    candidates: new Int32Array(count * perBox).fill(-1),
    candidateIou: new Float32Array(count * perBox),
    eligible: new Uint8Array(count * perBox),
    mean: new Float32Array(count),
    deviation: new Float32Array(count),
    threshold: new Float32Array(count),
    rescued: [] as number[],
  }
  const best = new Float32Array(layout.locations).fill(-1)
  for (let gt = 0; gt < count; gt++) {
    const own = candidatesOf(gt)
    if (!own) continue
    out.candidates.set(own.candidates, gt * perBox)
    out.candidateIou.set(own.candidateIou, gt * perBox)
    out.eligible.set(own.eligible, gt * perBox)
    out.mean[gt] = own.mean
    out.deviation[gt] = own.deviation
    out.threshold[gt] = own.mean + own.deviation
    for (let c = 0; c < perBox; c++) {
      if (own.eligible[c] === 0) continue
      const location = own.candidates[c]
      const iou = own.candidateIou[c]
      // Of boxes that want one location the best IoU wins, of equals the first box.
      if (iou <= best[location]) continue
      best[location] = iou
      out.matched[location] = gt
    }
  }
  if (rules.atLeastOne) rescue(out, boxes, perBox)
  return out
}

/** Gives each box without a location its best candidate that no other box needs as its only one. */
function rescue(
  { matched, candidates, candidateIou, rescued }: AtssAssignment & { rescued: number[] },
  boxes: Float32Array,
  perBox: number,
): void {
  const count = boxes.length / 4
  const wins = new Int32Array(count)
  for (const gt of matched) if (gt !== BACKGROUND) wins[gt]++
  for (let gt = 0; gt < count; gt++) {
    if (wins[gt] > 0 || !hasArea(boxes, gt)) continue
    let best = -1
    for (let c = gt * perBox; c < (gt + 1) * perBox; c++) {
      const owner = matched[candidates[c]]
      if (owner !== BACKGROUND && wins[owner] < 2) continue
      if (best === -1 || candidateIou[c] > candidateIou[best]) best = c
    }
    if (best === -1) continue
    const location = candidates[best]
    if (matched[location] !== BACKGROUND) wins[matched[location]]--
    matched[location] = gt
    wins[gt] = 1
    rescued.push(location)
  }
  rescued.sort((a, b) => a - b)
}

export function hasArea(boxes: Float32Array, gt: number): boolean {
  const [width, height] = [boxes[gt * 4 + 2] - boxes[gt * 4], boxes[gt * 4 + 3] - boxes[gt * 4 + 1]]
  return width > 0 && height > 0 && Number.isFinite(width + height)
}

function moments(values: Float32Array): { readonly mean: number; readonly deviation: number } {
  const n = values.length
  let sum = 0
  for (const value of values) sum += value
  const mean = sum / n
  let squares = 0
  for (const value of values) squares += (value - mean) ** 2
  return { mean: Math.fround(mean), deviation: Math.fround(Math.sqrt(squares / Math.max(1, n - 1))) }
}

/** The square anchors around the locations, one each. */
export class Anchors {
  readonly #levels: Pyramid['levels']
  readonly #legacy: 0 | 1
  /** Of the nearest locations of a level so far, in rising order. */
  #distances = new Float32Array()

  constructor({ levels }: Pyramid, { dialect }: AtssRules) {
    this.#levels = levels
    this.#legacy = dialect === 'authors' ? 1 : 0
  }

  /** Writes the k locations of each level nearest to the box's centre from `at` on; of equals the first. */
  nearest(boxes: Float32Array, gt: number, k: number, into: Int32Array, at: number): void {
    const x = Math.fround(Math.fround(boxes[gt * 4 + 2] + boxes[gt * 4]) / 2)
    const y = Math.fround(Math.fround(boxes[gt * 4 + 3] + boxes[gt * 4 + 1]) / 2)
    if (this.#distances.length < k) this.#distances = new Float32Array(k)
    let start = at
    for (const level of this.#levels) start += this.#nearestOfLevel(level, x, y, k, into, start)
  }

  /**
   * In growing rings around the cell that is nearest, until no cell of a further ring can be nearer than those found.
   *
   * @returns how many there are: k, or all of a level that has fewer
   */
  #nearestOfLevel(level: Level, x: number, y: number, k: number, into: Int32Array, at: number): number {
    const { first, rows, columns, offset, spacing } = level
    const distances = this.#distances
    const wanted = Math.min(k, rows * columns)
    const column = nearestCell(x - offset.x, spacing.x, columns)
    const row = nearestCell(y - offset.y, spacing.y, rows)
    const side = Math.min(spacing.x, spacing.y)
    let found = 0
    // The nearest k cells of a grid lie within k columns and rows of the nearest one.
    for (let ring = 0; ring <= k; ring++) {
      // A hundredth of a pixel is more than rounding can make of distances.
      if (found === wanted && distances[wanted - 1] < (ring - 0.5) * side - 0.01) break
      for (let r = Math.max(0, row - ring); r <= Math.min(rows - 1, row + ring); r++) {
        // Of rows between its first and its last the ring has the two ends.
        const step = Math.abs(r - row) === ring ? 1 : 2 * ring
        for (let c = column - ring; c <= column + ring; c += step) {
          if (c < 0 || c >= columns) continue
          const location = first + r * columns + c
          const dx = Math.fround(Math.fround(offset.x + c * spacing.x) - x)
          const dy = Math.fround(Math.fround(offset.y + r * spacing.y) - y)
          const distance = Math.fround(Math.sqrt(Math.fround(Math.fround(dx * dx) + Math.fround(dy * dy))))
          const comesBefore = (i: number) =>
            distance < distances[i] || (distance === distances[i] && location < into[at + i])
          if (found === wanted && !comesBefore(found - 1)) continue
          let place = found < wanted ? found++ : found - 1
          for (; place > 0 && comesBefore(place - 1); place--) {
            distances[place] = distances[place - 1]
            into[at + place] = into[at + place - 1]
          }
          distances[place] = distance
          into[at + place] = location
        }
      }
    }
    return wanted
  }

  iou(location: number, boxes: Float32Array, gt: number): number {
    const f = Math.fround
    const level = this.#levelOf(location)
    const legacy = this.#legacy
    const half = (ANCHOR_STRIDES * level.stride - legacy) / 2
    const [x, y] = [xOf(level, location), yOf(level, location)]
    const [x1, y1, x2, y2] = [boxes[gt * 4], boxes[gt * 4 + 1], boxes[gt * 4 + 2], boxes[gt * 4 + 3]]
    const width = f(f(Math.min(f(x + half), x2) - Math.max(f(x - half), x1)) + legacy)
    const height = f(f(Math.min(f(y + half), y2) - Math.max(f(y - half), y1)) + legacy)
    if (width <= 0 || height <= 0) return 0
    const shared = f(width * height)
    const side = 2 * half + legacy
    const area = f(f(f(x2 - x1) + legacy) * f(f(y2 - y1) + legacy))
    return f(shared / f(f(side * side + area) - shared))
  }

  isInside(location: number, boxes: Float32Array, gt: number): boolean {
    const level = this.#levelOf(location)
    const [x, y] = [xOf(level, location), yOf(level, location)]
    return (
      Math.min(x - boxes[gt * 4], y - boxes[gt * 4 + 1], boxes[gt * 4 + 2] - x, boxes[gt * 4 + 3] - y) >
      INSIDE
    )
  }

  #levelOf(location: number): Level {
    let i = this.#levels.length - 1
    while (this.#levels[i].first > location) i--
    return this.#levels[i]
  }
}

const nearestCell = (distance: number, spacing: number, cells: number): number =>
  Math.min(Math.max(Math.round(distance / spacing), 0), cells - 1)

const xOf = ({ first, columns, offset, spacing }: Level, location: number): number =>
  Math.fround(offset.x + ((location - first) % columns) * spacing.x)

const yOf = ({ first, columns, offset, spacing }: Level, location: number): number =>
  Math.fround(offset.y + Math.floor((location - first) / columns) * spacing.y)
