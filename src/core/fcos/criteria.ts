/**
 * The tests that a location must pass to be eligible for a box (FCOS sections 3.1 and 3.2), along one axis each:
 * inside the box, within the center-sampling radius, max(l, t, r, b) in the level's regression range.
 *
 * Positions and sides are in pixels of the network's input. Distances are rounded to float32 like the tensors of both
 * reference implementations, so that a location on a bound falls on the same side.
 */
import type { AssignmentRules } from './config.ts'
import type { Level } from './levels.ts'
import { rangesOf } from './regression-ranges.ts'

/** All tests but `inside`. Unlimited distances and radius 0 switch them off. */
export interface Limits extends Pick<AssignmentRules, 'ranges' | 'radius'> {
  /** The regression range in pixels. */
  readonly minDistance: number
  readonly maxDistance: number
}

/** The limits of one level. No distance is in the range of a level that learns nothing, since all are above 0. */
export function limitsOf({ name }: Pick<Level, 'name'>, rules: AssignmentRules): Limits {
  const { ranges, radius } = rules
  const [minDistance, end] = rangesOf(rules)[name] ?? [0, 0]
  return { minDistance, maxDistance: end ?? Number.POSITIVE_INFINITY, ranges, radius }
}

/** Whether a level learns anything at all. */
export const isLearning = ({ name }: Pick<Level, 'name'>, rules: AssignmentRules): boolean =>
  rangesOf(rules)[name] !== undefined

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
