/**
 * Which locations may learn a box: strictly inside it, within the center-sampling radius, and with max(l, t, r, b) in
 * the level's regression range (FCOS sections 3.1 and 3.2).
 *
 * Inside, center sampling and the range's upper bound are tests per axis, so the locations that pass are a window of
 * cells. The lower bound fails only where it fails on both axes: a hole in that window. Both are found without
 * visiting cells, and a window is at most maxDistance wide, so that the cost of a box depends on no image size.
 *
 * Arithmetic is float32 like the tensors of both reference implementations, so that bounds fall on the same side.
 */
import type { AssignmentRules } from './config.ts'
import type { Axes, Level } from './levels.ts'

/** Cells along one axis: [start, end) passes, except [holeStart, holeEnd) where the other axis is in its hole as well. */
interface Span {
  start: number
  end: number
  holeStart: number
  holeEnd: number
}

/** Cells of one level that may learn one box. Scratch: filled by eligibleWindow, reused from box to box. */
export interface Window {
  readonly columns: Span
  readonly rows: Span
}

export function emptyWindow(): Window {
  const span = () => ({ start: 0, end: 0, holeStart: 0, holeEnd: 0 })
  return { columns: span(), rows: span() }
}

/** The tests besides `inside`; unlimited bounds and radius 0 switch them off. */
export type Limits = Pick<Level, 'minDistance' | 'maxDistance'> & Pick<AssignmentRules, 'ranges' | 'radius'>

/**
 * Finds the cells of `level` that may learn box `gt` of `boxes` [N·4] (x1, y1, x2, y2, in pixels of the input, any
 * part outside it included). Returns whether there is a window at all; its hole may still leave no cell.
 */
export function eligibleWindow(
  level: Level,
  limits: Limits,
  boxes: Float32Array,
  gt: number,
  window: Window,
): boolean {
  if (isDegenerate(boxes, gt)) return false
  const [x1, y1, x2, y2] = [boxes[gt * 4], boxes[gt * 4 + 1], boxes[gt * 4 + 2], boxes[gt * 4 + 3]]
  return (
    findSpan(level, 'x', level.columns, limits, x1, x2, window.columns) &&
    findSpan(level, 'y', level.rows, limits, y1, y2, window.rows)
  )
}

/** True for a box without area, inverted or not finite: it is ordinary input that no location learns. */
export function isDegenerate(boxes: Float32Array, gt: number): boolean {
  const width = boxes[gt * 4 + 2] - boxes[gt * 4]
  const height = boxes[gt * 4 + 3] - boxes[gt * 4 + 1]
  return !(width > 0 && height > 0 && Number.isFinite(width + height))
}

/** Calls `visit` with each run [start, end) of location indices that the window leaves eligible. */
export function forEachRun(
  { first, columns: pitch }: Level,
  { columns, rows }: Window,
  visit: (start: number, end: number) => void,
): void {
  for (let row = rows.start; row < rows.end; row++) {
    const at = first + row * pitch
    if (row >= rows.holeStart && row < rows.holeEnd && columns.holeStart < columns.holeEnd) {
      if (columns.start < columns.holeStart) visit(at + columns.start, at + columns.holeStart)
      if (columns.holeEnd < columns.end) visit(at + columns.holeEnd, at + columns.end)
    } else {
      visit(at + columns.start, at + columns.end)
    }
  }
}

/** How many locations forEachRun would visit. */
export function eligibleCount({ columns, rows }: Window): number {
  const cells = (columns.end - columns.start) * (rows.end - rows.start)
  return cells - (columns.holeEnd - columns.holeStart) * (rows.holeEnd - rows.holeStart)
}

/** The larger distance from a position to a box's two sides along one axis; negative beyond neither. */
export const axisDistance = (position: number, low: number, high: number): number =>
  Math.fround(Math.max(position - low, high - position))

/** Distance from a position to a box's centre along one axis. */
export const centerDistance = (position: number, low: number, high: number): number =>
  Math.fround(Math.abs(position - Math.fround(Math.fround(low + high) / 2)))

/**
 * Finds a box's span along one axis. Every test is convex in the position, so the cells that pass are contiguous:
 * the bounds are estimated in reals, one cell too wide, then moved inward until the exact test holds.
 */
function findSpan(
  level: Level,
  axis: keyof Axes,
  cells: number,
  { minDistance, maxDistance, ranges, radius }: Limits,
  low: number,
  high: number,
  span: Span,
): boolean {
  const offset = level.offset[axis]
  const spacing = level.spacing[axis]
  const reach = radius > 0 ? Math.fround(radius * level.stride) : Number.POSITIVE_INFINITY
  const center = (low + high) / 2

  const passes = (cell: number) => {
    const p = offset + cell * spacing
    if (!(p > low && p < high && centerDistance(p, low, high) < reach)) return false
    const distance = axisDistance(p, low, high)
    return ranges === 'closed' ? distance <= maxDistance : distance < maxDistance
  }
  const from = Math.max(low, center - reach, high - maxDistance)
  const to = Math.min(high, center + reach, low + maxDistance)
  let start = Math.max(0, Math.ceil((from - offset) / spacing) - 1)
  let end = Math.min(cells, Math.floor((to - offset) / spacing) + 2)
  while (start < end && !passes(start)) start++
  while (start < end && !passes(end - 1)) end--
  span.start = start
  span.end = end
  if (start >= end) return false

  const tooNear = (cell: number) => {
    const distance = axisDistance(offset + cell * spacing, low, high)
    return ranges === 'closed' ? distance < minDistance : distance <= minDistance
  }
  let holeStart = Math.max(start, Math.ceil((high - minDistance - offset) / spacing) - 1)
  let holeEnd = Math.min(end, Math.floor((low + minDistance - offset) / spacing) + 2)
  while (holeStart < holeEnd && !tooNear(holeStart)) holeStart++
  while (holeStart < holeEnd && !tooNear(holeEnd - 1)) holeEnd--
  span.holeStart = holeStart
  span.holeEnd = Math.max(holeStart, holeEnd)
  return true
}
