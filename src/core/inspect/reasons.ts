/** Best possible recall (FCOS section 4.1): the share of ground-truth boxes that at least one location learns. */

import { BACKGROUND } from '../detectors/assigner.ts'
import { neverWins, strongerBoxes } from '../detectors/fcos/assign.ts'
import type { AssignmentRules } from '../detectors/fcos/config.ts'
import {
  emptyWindow,
  findEligible,
  forEachRun,
  isDegenerate,
  isInWindow,
  isLearning,
  type Limits,
  limitsOf,
} from '../detectors/fcos/eligible.ts'
import type { Size } from '../geometry/box.ts'
import type { Level, Pyramid } from '../pyramid/levels.ts'

/**
 * Why no location learns a box, in the order of the tests: the first that none of all locations survives. Levels that
 * learn nothing have no locations here.
 * - no-area: the box has none, is inverted or not finite
 * - under-1-px: a side is under 1 px, and the box lies between all locations
 * - inside: no location lies inside
 * - center-sampling: some do, but none near its centre
 * - range: some do, but none on a level whose regression range they fall in
 * - area-limit: its area is 1e8 px² or more, which torchvision's tie-break cannot tell from background
 * - lost: it lost all its locations to smaller boxes
 */
export type UnlearnableCause =
  | 'no-area'
  | 'under-1-px'
  | 'inside'
  | 'center-sampling'
  | 'range'
  | 'area-limit'
  | 'lost'

export interface UnlearnableBox {
  readonly gt: number
  readonly cause: UnlearnableCause
  /** The boxes that took its locations, ascending; empty unless the cause is `lost`. */
  readonly lostTo: readonly number[]
}

/** How many of the locations `start` … `end` − 1 learn each of N boxes: [N]. A box that none of all L learns lowers the recall. */
export function locationsPerBox(
  matched: Int32Array,
  boxes: number,
  start = 0,
  end = matched.length,
): Int32Array {
  const counts = new Int32Array(boxes)
  for (let location = start; location < end; location++) {
    const gt = matched[location]
    if (gt !== BACKGROUND) counts[gt]++
  }
  return counts
}

/** Whether any location learns box `gt` of `boxes` [N·4], by looking at its own locations alone. */
export function isLearnable(
  { levels }: Pyramid,
  rules: AssignmentRules,
  boxes: Float32Array,
  gt: number,
): boolean {
  if (neverWins(rules.area, boxes, gt)) return false
  const window = emptyWindow()
  let rivals: number[] | undefined
  for (const level of levels) {
    const limits = limitsOf(level, rules)
    if (!findEligible(level, limits, boxes, gt, window)) continue
    rivals ??= strongerBoxes(rules.area, boxes, gt)
    if (rivals.length === 0) return true
    let left: number[] = []
    forEachRun(level, window, (start, end) => {
      for (let location = start; location < end; location++) left.push(location)
    })
    for (const rival of rivals) {
      if (left.length === 0) break
      if (!findEligible(level, limits, boxes, rival, window)) continue
      left = left.filter((location) => !isInWindow(level, window, location))
    }
    if (left.length > 0) return true
  }
  return false
}

/** Why no location learns box `gt` of `boxes` [N·4], which has no location in `matched` [L]. */
export function unlearnable(
  pyramid: Pyramid,
  rules: AssignmentRules,
  boxes: Float32Array,
  gt: number,
  matched: Int32Array,
): UnlearnableBox {
  const levels = pyramid.levels.filter((level) => isLearning(level, rules))
  const window = emptyWindow()
  const anywhere = (limits: (level: Level) => Limits) =>
    levels.some((level) => findEligible(level, limits(level), boxes, gt, window))
  const because = (cause: UnlearnableCause, lostTo: readonly number[] = []) => ({ gt, cause, lostTo })

  if (isDegenerate(boxes, gt)) return because('no-area')
  const anyDistance = { ...rules, minDistance: 0, maxDistance: Number.POSITIVE_INFINITY }
  if (!anywhere(() => ({ ...anyDistance, radius: 0 }))) {
    const { width, height } = boxSize(boxes, gt)
    return because(Math.min(width, height) < 1 ? 'under-1-px' : 'inside')
  }
  if (!anywhere(() => anyDistance)) return because('center-sampling')
  if (!anywhere((level) => limitsOf(level, rules))) return because('range')
  if (neverWins(rules.area, boxes, gt)) return because('area-limit')

  const winners = new Set<number>()
  for (const level of levels) {
    if (!findEligible(level, limitsOf(level, rules), boxes, gt, window)) continue
    forEachRun(level, window, (start, end) => {
      for (let location = start; location < end; location++) winners.add(matched[location])
    })
  }
  return because(
    'lost',
    [...winners].sort((a, b) => a - b),
  )
}

export const boxSize = (boxes: Float32Array, gt: number): Size => ({
  width: boxes[gt * 4 + 2] - boxes[gt * 4],
  height: boxes[gt * 4 + 3] - boxes[gt * 4 + 1],
})

/** One sentence without a full stop. The size is that of the box in pixels of the network's input. */
export function describeUnlearnable({ gt, cause, lostTo }: UnlearnableBox, { width, height }: Size): string {
  const box = `box ${gt} (${Number(width.toFixed(1))} × ${Number(height.toFixed(1))} px)`
  switch (cause) {
    case 'no-area':
      return `${box} has no area`
    case 'under-1-px':
      return `${box} is under 1 px and lies between all locations`
    case 'inside':
      return `no location lies inside ${box}`
    case 'center-sampling':
      return `no location inside ${box} is near enough to its centre for center sampling`
    case 'range':
      return `no location inside ${box} has max(l, t, r, b) in its level's regression range`
    case 'area-limit':
      return `${box} has 1e8 px² or more, and loses to background`
    case 'lost':
      return `${box} lost all its locations to smaller boxes: ${lostTo.join(', ')}`
  }
}
