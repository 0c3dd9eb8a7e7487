/** Why one location learns one box and not another: the first failing test, as data and as a sentence. */

import type { Level, Pyramid } from '../../pyramid/levels.ts'
import { type Location, locationAt } from '../../pyramid/locations.ts'
import type { Obstacle } from '../assigner.ts'
import { neverWins, precedence } from './assign.ts'
import type { AssignmentRules } from './config.ts'
import {
  centerDistance,
  centerReach,
  emptyWindow,
  farSide,
  findEligible,
  isAbove,
  isBelow,
  isDegenerate,
  isInside,
  isLearning,
  type Limits,
  limitsOf,
} from './eligible.ts'

/** What became of one box at one location. Lengths are in pixels of the network's input. */
export type Outcome =
  /** The location lies outside the box, or on its side (0 px). */
  | { readonly test: 'inside'; readonly outsideBy: number }
  /** The level learns nothing: it has no regression range. */
  | { readonly test: 'level-off' }
  /** Too far from the centre, by the larger of both axes; the limit is radius · stride. */
  | {
      readonly test: 'center-sampling'
      readonly distance: number
      readonly radius: number
      readonly stride: number
    }
  /** max(l, t, r, b) lies outside the level's regression range. */
  | {
      readonly test: 'range'
      readonly distance: number
      readonly end: 'below' | 'above'
      readonly bound: number
    }
  /** Eligible, but the box never wins; see neverWins. */
  | { readonly test: 'area-limit' }
  /** Eligible, but a box of smaller area is, too; or, tied, one of equal area and lower index. */
  | { readonly test: 'lost'; readonly to: number; readonly tied: boolean }
  | { readonly test: 'positive' }

export interface BoxOutcome {
  readonly gt: number
  readonly outcome: Outcome
}

export interface Explanation {
  readonly location: Location
  /** The boxes that the location lies in, those that passed more tests first; or else the nearest box alone; none without boxes. */
  readonly boxes: readonly BoxOutcome[]
}

const ORDER = ['positive', 'lost', 'area-limit', 'range', 'center-sampling', 'level-off', 'inside'] as const

/** Explains location `index` of L for `boxes` [N·4] (as for assign) in O(N). */
export function explain(
  pyramid: Pyramid,
  rules: AssignmentRules,
  boxes: Float32Array,
  index: number,
): Explanation {
  const location = locationAt(pyramid, index)
  const failures = Array.from({ length: boxes.length / 4 }, (_, gt) => ({
    gt,
    failure: firstFailure(location, rules, boxes, gt),
  }))
  const strength = (gt: number) => precedence(rules.area, boxes, gt)
  const winner = failures.reduce<number | undefined>(
    (best, { gt, failure }) =>
      failure || (best !== undefined && strength(best) <= strength(gt)) ? best : gt,
    undefined,
  )
  const outcomes = failures.map(({ gt, failure }): BoxOutcome => {
    if (failure) return { gt, outcome: failure }
    if (gt === winner) return { gt, outcome: { test: 'positive' } }
    return { gt, outcome: { test: 'lost', to: winner!, tied: strength(gt) === strength(winner!) } }
  })
  const around = outcomes.filter(({ outcome }) => outcome.test !== 'inside')
  if (around.length > 0) {
    const rank = ({ outcome }: BoxOutcome) => ORDER.indexOf(outcome.test)
    return { location, boxes: around.sort((a, b) => rank(a) - rank(b)) }
  }
  const nearest = nearestBox(outcomes.filter(({ gt }) => !isDegenerate(boxes, gt)))
  return { location, boxes: nearest ? [nearest] : [] }
}

/** The first test that the location fails for the box; undefined if it is eligible. */
function firstFailure(
  { x, y, level }: Location,
  rules: AssignmentRules,
  boxes: Float32Array,
  gt: number,
): Outcome | undefined {
  const [x1, y1, x2, y2] = boxes.subarray(gt * 4, gt * 4 + 4)
  if (isDegenerate(boxes, gt) || !isInside(x, x1, x2) || !isInside(y, y1, y2)) {
    return { test: 'inside', outsideBy: Math.max(x1 - x, x - x2, y1 - y, y - y2) }
  }
  if (!isLearning(level, rules)) return { test: 'level-off' }
  const limits = limitsOf(level, rules)
  const fromCenter = Math.max(centerDistance(x, x1, x2), centerDistance(y, y1, y2))
  if (fromCenter >= centerReach(limits, level.stride)) {
    return { test: 'center-sampling', distance: fromCenter, radius: rules.radius, stride: level.stride }
  }
  const distance = Math.max(farSide(x, x1, x2), farSide(y, y1, y2))
  if (isAbove(limits, distance)) return { test: 'range', distance, end: 'above', bound: limits.maxDistance }
  if (isBelow(limits, distance)) return { test: 'range', distance, end: 'below', bound: limits.minDistance }
  if (neverWins(rules.area, boxes, gt)) return { test: 'area-limit' }
  return undefined
}

function nearestBox(outcomes: readonly BoxOutcome[]): BoxOutcome | undefined {
  const distance = ({ outcome }: BoxOutcome) => (outcome.test === 'inside' ? outcome.outsideBy : 0)
  return outcomes.reduce<BoxOutcome | undefined>(
    (best, next) => (best && distance(best) <= distance(next) ? best : next),
    undefined,
  )
}

/**
 * One sentence without a full stop: "inside box 3, but 41 px from its centre ≥ 1.5 × 8: outside center sampling".
 * @param nameOf what a box is called
 */
export function describeOutcome(
  { gt, outcome }: BoxOutcome,
  { level }: Location,
  nameOf: (gt: number) => string = (index) => `box ${index}`,
): string {
  const box = nameOf(gt)
  switch (outcome.test) {
    case 'inside':
      return outcome.outsideBy > 0
        ? `outside ${box} by ${pixels(outcome.outsideBy)}`
        : `on a side of ${box}, not inside it`
    case 'level-off':
      return `inside ${box}, but ${level.name} learns nothing: it is switched off`
    case 'center-sampling':
      return `inside ${box}, but ${pixels(outcome.distance)} from its centre ≥ ${outcome.radius} × ${outcome.stride}: outside center sampling`
    case 'range':
      return outcome.end === 'above'
        ? `inside ${box}, but max(l, t, r, b) ${pixels(outcome.distance)} ≥ ${outcome.bound}: above ${level.name}'s regression range`
        : `inside ${box}, but max(l, t, r, b) ${pixels(outcome.distance)} ≤ ${outcome.bound}: below ${level.name}'s regression range`
    case 'area-limit':
      return `inside ${box}, whose area of 1e8 px² or more loses to background`
    case 'lost':
      return `eligible for ${box}, but learns ${nameOf(outcome.to)}, ${outcome.tied ? 'which ties in area and comes first' : 'which is smaller'}`
    case 'positive':
      return `learns ${box} on ${level.name}`
  }
}

const pixels = (length: number): string => `${Number(length.toFixed(1))} px`

/**
 * Why no location learns a box that is alone in its image, in the order of the tests: the first that none of all locations
 * survives. Levels that learn nothing have no locations here.
 * - no-area: the box has none, is inverted or not finite
 * - under-1-px: a side is under 1 px, and the box lies between all locations
 * - inside: no location lies inside
 * - center-sampling: some do, but none near its centre
 * - range: some do, but none on a level whose regression range they fall in
 * - area-limit: its area is 1e8 px² or more, which torchvision's tie-break cannot tell from background
 */
export type ObstacleCause = keyof typeof OBSTACLES

/** In a few words, and what is to be said about a box of some name. */
const OBSTACLES = {
  'no-area': { title: 'no area', describe: (box: string) => `${box} has no area` },
  'under-1-px': {
    title: 'under 1 px',
    describe: (box: string) => `${box} is under 1 px and lies between all locations`,
  },
  inside: { title: 'no location inside', describe: (box: string) => `no location lies inside ${box}` },
  'center-sampling': {
    title: 'no location near the centre',
    describe: (box: string) => `no location inside ${box} is near enough to its centre for center sampling`,
  },
  range: {
    title: 'outside the regression ranges',
    describe: (box: string) =>
      `no location inside ${box} has max(l, t, r, b) in its level's regression range`,
  },
  'area-limit': {
    title: '1e8 px² or more',
    describe: (box: string) => `${box} has 1e8 px² or more, and loses to background`,
  },
}

/** Null where some location would learn box `gt` of `boxes` [N·4] if it were alone. */
export function obstacleOf(
  pyramid: Pyramid,
  rules: AssignmentRules,
  boxes: Float32Array,
  gt: number,
): (Obstacle & { readonly cause: ObstacleCause }) | null {
  const levels = pyramid.levels.filter((level) => isLearning(level, rules))
  const window = emptyWindow()
  const anywhere = (limits: (level: Level) => Limits) =>
    levels.some((level) => findEligible(level, limits(level), boxes, gt, window))
  const because = (cause: ObstacleCause) => ({ cause, ...OBSTACLES[cause] })

  if (isDegenerate(boxes, gt)) return because('no-area')
  const anyDistance = { ...rules, minDistance: 0, maxDistance: Number.POSITIVE_INFINITY }
  if (!anywhere(() => ({ ...anyDistance, radius: 0 }))) {
    const side = Math.min(boxes[gt * 4 + 2] - boxes[gt * 4], boxes[gt * 4 + 3] - boxes[gt * 4 + 1])
    return because(side < 1 ? 'under-1-px' : 'inside')
  }
  if (!anywhere(() => anyDistance)) return because('center-sampling')
  if (!anywhere((level) => limitsOf(level, rules))) return because('range')
  return neverWins(rules.area, boxes, gt) ? because('area-limit') : null
}
