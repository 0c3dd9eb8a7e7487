/**
 * The tests that a location must pass to be eligible for a box (FCOS sections 3.1 and 3.2), along one axis each:
 * inside the box, within the center-sampling radius, max(l, t, r, b) in the level's regression range.
 *
 * Positions and sides are in pixels of the network's input. Distances are rounded to float32 like the tensors of both
 * reference implementations, so that a location on a bound falls on the same side.
 */

import type { Axes, Level } from '../../pyramid/levels.ts'
import { type AssignmentRules, rangeOf } from './config.ts'

/** All tests but `inside`. Unlimited distances and radius 0 switch them off. */
export interface Limits extends Pick<AssignmentRules, 'ranges' | 'radius'> {
  /** The regression range in pixels. */
  readonly minDistance: number
  readonly maxDistance: number
}

/** The limits of one level. No distance is in the range of a level that learns nothing, since all are above 0. */
export function limitsOf({ name }: Pick<Level, 'name'>, rules: AssignmentRules): Limits {
  const { ranges, radius } = rules
  const [minDistance, end] = rangeOf(rules, name) ?? [0, 0]
  return { minDistance, maxDistance: end ?? Number.POSITIVE_INFINITY, ranges, radius }
}

/** Whether a level learns anything at all. */
export const isLearning = ({ name }: Pick<Level, 'name'>, rules: AssignmentRules): boolean =>
  rangeOf(rules, name) !== undefined

/** Strictly: a location on a side of the box is outside, for it would regress a distance of 0. */
export const isInside = (position: number, low: number, high: number): boolean =>
  position > low && position < high

/** From a position to the middle between two sides. A location is sampled if it is below centerReach on both axes. */
export const centerDistance = (position: number, low: number, high: number): number =>
  Math.fround(Math.abs(position - Math.fround(Math.fround(low + high) / 2)))

export const centerReach = ({ radius }: Pick<Limits, 'radius'>, stride: number): number =>
  radius > 0 ? Math.fround(radius * stride) : Number.POSITIVE_INFINITY

/** From a position inside to the farther of two sides. The larger of both axes is max(l, t, r, b). */
export const farSide = (position: number, low: number, high: number): number =>
  Math.fround(Math.max(position - low, high - position))

/** max(l, t, r, b) is above the range if it is on either axis, … */
export const isAbove = ({ ranges, maxDistance }: Limits, distance: number): boolean =>
  ranges === 'closed' ? distance > maxDistance : distance >= maxDistance

/** … and below the range only if it is on both. */
export const isBelow = ({ ranges, minDistance }: Limits, distance: number): boolean =>
  ranges === 'closed' ? distance < minDistance : distance <= minDistance

/** True for a box without area, inverted or not finite: it is ordinary input, which no location is inside of. */
export function isDegenerate(boxes: Float32Array, gt: number): boolean {
  const width = boxes[gt * 4 + 2] - boxes[gt * 4]
  const height = boxes[gt * 4 + 3] - boxes[gt * 4 + 1]
  return !(width > 0 && height > 0 && Number.isFinite(width + height))
}

/**
 * Which locations are eligible for a box, without visiting those that are not.
 *
 * Inside, center sampling and the range's upper bound are tests per axis, so the locations that pass them are a
 * window of cells. The lower bound fails only where it fails on both axes: a hole in the window. A window is at most
 * maxDistance wide, so that the cost of a box grows with its area up to a bound and not with the input's size.
 */

/** Cells along one axis: [start, end) pass, but for [holeStart, holeEnd) where the other axis is in its hole too. */
interface Span {
  start: number
  end: number
  holeStart: number
  holeEnd: number
}

/** Cells of one level that are eligible for one box. Scratch: filled by findEligible and reused from box to box. */
export interface Window {
  readonly columns: Span
  readonly rows: Span
}

export function emptyWindow(): Window {
  const span = () => ({ start: 0, end: 0, holeStart: 0, holeEnd: 0 })
  return { columns: span(), rows: span() }
}

/** Finds the cells of a level that are eligible for box `gt` of `boxes` [N·4]; false if there are none. */
export function findEligible(
  level: Level,
  limits: Limits,
  boxes: Float32Array,
  gt: number,
  { columns, rows }: Window,
): boolean {
  const at = gt * 4
  return (
    !isDegenerate(boxes, gt) &&
    mayBeInRange(limits, boxes, at) &&
    findSpan(level, 'x', level.columns, limits, boxes[at], boxes[at + 2], columns) &&
    findSpan(level, 'y', level.rows, limits, boxes[at + 1], boxes[at + 3], rows) &&
    (columns.end - columns.start) * (rows.end - rows.start) >
      (columns.holeEnd - columns.holeStart) * (rows.holeEnd - rows.holeStart)
  )
}

/** Inside a box, max(l, t, r, b) lies between half its longer side and that side, which rules out most levels at once. */
function mayBeInRange(limits: Limits, boxes: Float32Array, at: number): boolean {
  const longer = Math.max(boxes[at + 2] - boxes[at], boxes[at + 3] - boxes[at + 1])
  return !isAbove(limits, Math.fround(longer / 2)) && !isBelow(limits, Math.fround(longer))
}

/** Calls `visit` with each run [start, end) of eligible location indices. */
export function forEachRun(
  { first, columns: perRow }: Level,
  { columns, rows }: Window,
  visit: (start: number, end: number) => void,
): void {
  for (let row = rows.start; row < rows.end; row++) {
    const at = first + row * perRow
    if (row >= rows.holeStart && row < rows.holeEnd && columns.holeStart < columns.holeEnd) {
      if (columns.start < columns.holeStart) visit(at + columns.start, at + columns.holeStart)
      if (columns.holeEnd < columns.end) visit(at + columns.holeEnd, at + columns.end)
    } else {
      visit(at + columns.start, at + columns.end)
    }
  }
}

/** Whether a location of the level is among the eligible cells that were found. */
export function isInWindow(
  { first, columns: perRow }: Level,
  { columns, rows }: Window,
  location: number,
): boolean {
  const column = (location - first) % perRow
  const row = Math.floor((location - first) / perRow)
  const isIn = (cell: number, { start, end }: Span) => cell >= start && cell < end
  const isInHole = (cell: number, { holeStart, holeEnd }: Span) => cell >= holeStart && cell < holeEnd
  return isIn(column, columns) && isIn(row, rows) && !(isInHole(column, columns) && isInHole(row, rows))
}

/**
 * Finds a box's span along one axis; false if it is empty. The distances are convex in the position, so the cells that
 * pass are contiguous: the bounds are estimated a cell too wide, then moved inward until the exact test holds.
 */
function findSpan(
  level: Level,
  axis: keyof Axes,
  cells: number,
  limits: Limits,
  low: number,
  high: number,
  span: Span,
): boolean {
  const offset = level.offset[axis]
  const spacing = level.spacing[axis]
  const { minDistance, maxDistance } = limits
  const reach = centerReach(limits, level.stride)
  const center = (low + high) / 2

  const passes = (cell: number) => {
    const position = offset + cell * spacing
    return (
      isInside(position, low, high) &&
      centerDistance(position, low, high) < reach &&
      !isAbove(limits, farSide(position, low, high))
    )
  }
  const from = Math.max(low, center - reach, high - maxDistance)
  const to = Math.min(high, center + reach, low + maxDistance)
  let start = Math.max(0, Math.ceil((from - offset) / spacing) - 1)
  let end = Math.min(cells, Math.floor((to - offset) / spacing) + 2)
  while (start < end && !passes(start)) start++
  while (start < end && !passes(end - 1)) end--

  const inHole = (cell: number) => isBelow(limits, farSide(offset + cell * spacing, low, high))
  let holeStart = Math.max(start, Math.ceil((high - minDistance - offset) / spacing) - 1)
  let holeEnd = Math.min(end, Math.floor((low + minDistance - offset) / spacing) + 2)
  while (holeStart < holeEnd && !inHole(holeStart)) holeStart++
  while (holeStart < holeEnd && !inHole(holeEnd - 1)) holeEnd--

  span.start = start
  span.end = end
  span.holeStart = holeStart
  span.holeEnd = Math.max(holeStart, holeEnd)
  return start < end
}
