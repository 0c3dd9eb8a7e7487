/** What each location is trained to predict. L locations, N boxes, P positives. */
import type { Pyramid } from '../../pyramid/levels.ts'
import { BACKGROUND } from '../assigner.ts'
import { assign } from './assign.ts'
import type { AssignmentRules } from './config.ts'

/**
 * Centerness target (FCOS equation 3): sqrt(min(l, r)/max(l, r) · min(t, b)/max(t, b)), in (0, 1] for positive
 * distances in any one unit. Every step is rounded to float32, as the reference implementations' tensors are.
 */
export function centerness(l: number, t: number, r: number, b: number): number {
  const horizontal = Math.fround(Math.min(l, r) / Math.max(l, r))
  const vertical = Math.fround(Math.min(t, b) / Math.max(t, b))
  return Math.fround(Math.sqrt(Math.fround(horizontal * vertical)))
}

/** The targets of the positive locations only, in order of location: what the losses need. */
export interface Positives {
  /** [P] indices in 0 … L − 1, ascending. */
  readonly location: Int32Array
  /** [P] index of the box that the location learns. */
  readonly gt: Int32Array
  /** [P·4] distances from the location to the box's left, top, right and bottom side, in pixels of the input; all positive. */
  readonly ltrb: Float32Array
  /** [P] in (0, 1]. */
  readonly centerness: Float32Array
}

/** The targets of every location; 0 in ltrb and centerness at background. */
export interface Targets {
  /** [L] index of the box that the location learns, or BACKGROUND. */
  readonly matched: Int32Array<ArrayBuffer>
  /** [L·4] */
  readonly ltrb: Float32Array<ArrayBuffer>
  /** [L] */
  readonly centerness: Float32Array<ArrayBuffer>
}

/** The positives of an assignment `matched` [L] of `boxes` [N·4]. */
export function positives(pyramid: Pyramid, boxes: Float32Array, matched: Int32Array): Positives {
  let count = 0
  for (const gt of matched) if (gt !== BACKGROUND) count++
  const out = {
    location: new Int32Array(count),
    gt: new Int32Array(count),
    ltrb: new Float32Array(count * 4),
    centerness: new Float32Array(count),
  }
  let at = 0
  forEachPositive(pyramid, boxes, matched, (location, gt, l, t, r, b) => {
    out.location[at] = location
    out.gt[at] = gt
    setDistances(out, at++, l, t, r, b)
  })
  return out
}

/**
 * The targets of `boxes` [N·4] (x1, y1, x2, y2 in pixels of the input; see assign). `into` takes the buffers of an
 * earlier call over the same pyramid, for callers that recompute on every frame.
 */
export function targets(
  pyramid: Pyramid,
  rules: AssignmentRules,
  boxes: Float32Array,
  into: Targets = emptyTargets(pyramid),
): Targets {
  fillTargets(pyramid, boxes, assign(pyramid, rules, boxes, into.matched), into)
  return into
}

/** The distances and centerness of an assignment `matched` [L] of `boxes` [N·4]. */
export function fillTargets(
  pyramid: Pyramid,
  boxes: Float32Array,
  matched: Int32Array,
  into: Pick<Targets, 'ltrb' | 'centerness'>,
): void {
  into.ltrb.fill(0)
  into.centerness.fill(0)
  forEachPositive(pyramid, boxes, matched, (location, _, l, t, r, b) =>
    setDistances(into, location, l, t, r, b),
  )
}

export function emptyTargets({ locations }: Pyramid): Targets {
  return {
    matched: new Int32Array(locations),
    ltrb: new Float32Array(locations * 4),
    centerness: new Float32Array(locations),
  }
}

function setDistances(
  out: Pick<Targets, 'ltrb' | 'centerness'>,
  at: number,
  l: number,
  t: number,
  r: number,
  b: number,
): void {
  out.ltrb[at * 4] = l
  out.ltrb[at * 4 + 1] = t
  out.ltrb[at * 4 + 2] = r
  out.ltrb[at * 4 + 3] = b
  out.centerness[at] = centerness(l, t, r, b)
}

function forEachPositive(
  { levels }: Pyramid,
  boxes: Float32Array,
  matched: Int32Array,
  visit: (location: number, gt: number, l: number, t: number, r: number, b: number) => void,
): void {
  let location = 0
  for (const { rows, columns, offset, spacing } of levels) {
    for (let row = 0; row < rows; row++) {
      const y = offset.y + row * spacing.y
      for (let column = 0; column < columns; column++, location++) {
        const gt = matched[location]
        if (gt === BACKGROUND) continue
        const x = offset.x + column * spacing.x
        visit(
          location,
          gt,
          Math.fround(x - boxes[gt * 4]),
          Math.fround(y - boxes[gt * 4 + 1]),
          Math.fround(boxes[gt * 4 + 2] - x),
          Math.fround(boxes[gt * 4 + 3] - y),
        )
      }
    }
  }
}
