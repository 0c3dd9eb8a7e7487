/** Changes of a setting that make a box learnable, and the nearest of them, found by trying. */

import { neverWins } from '../detectors/fcos/assign.ts'
import {
  type AssignmentRules,
  PAPER_RANGES,
  type RegressionRanges,
  rangesFor,
  rangesOf,
} from '../detectors/fcos/config.ts'
import { centerDistance, centerReach, farSide, isInside, limitsOf } from '../detectors/fcos/eligible.ts'
import type { BoxXyxy, Size } from '../geometry/box.ts'
import { LEVEL_NAMES, type Level, type LevelName } from '../pyramid/levels.ts'
import { isLearnable } from './reasons.ts'
import { assignmentOf, fcosRules, type InputSetting, inputBoxes, inputPyramid } from './setting.ts'

export type Cure =
  /** The short side, in pixels; the long side grows with it. Larger: from this size on, whatever is tried above. */
  | { readonly change: 'input-size'; readonly to: number; readonly from: number }
  /** In strides; 0 is off. */
  | { readonly change: 'radius'; readonly to: number; readonly from: number }
  /** A bound of the level's regression range, in pixels. */
  | {
      readonly change: 'range'
      readonly level: LevelName
      readonly end: 'from' | 'to'
      readonly to: number
      readonly from: number
    }
  /** A level that learns nothing at present gets the paper's range. */
  | { readonly change: 'level'; readonly level: LevelName }
  | { readonly change: 'location'; readonly to: AssignmentRules['location'] }

/** Beyond 8 strides from the centre few locations are in their level's range, so that off counts as this radius. */
const RADIUS_OFF = 8

/**
 * How far a change goes, so that those of different kinds compare: by how often it doubles or halves what it changes,
 * |log2(new / old)|, for a bound after adding 1 px, since one may be 0. Another level or other locations count as one doubling.
 */
export function distanceOf(cure: Cure): number {
  switch (cure.change) {
    case 'input-size':
      return doublings(cure.to, cure.from)
    case 'radius':
      return doublings(cure.to || RADIUS_OFF, cure.from || RADIUS_OFF)
    case 'range':
      return doublings(cure.to + 1, cure.from + 1)
    case 'level':
    case 'location':
      return 1
  }
}

const doublings = (to: number, from: number): number => Math.abs(Math.log2(to / from))

export function applyCure<Setting extends InputSetting>(setting: Setting, cure: Cure): Setting {
  const { input } = setting
  if (cure.change === 'input-size') {
    const longSide = Math.round((input.longSide * cure.to) / input.shortSide)
    return { ...setting, input: { shortSide: cure.to, longSide } }
  }
  return { ...setting, rules: changedRules(setting.rules as AssignmentRules, cure) }
}

function changedRules(
  rules: AssignmentRules,
  cure: Exclude<Cure, { readonly change: 'input-size' }>,
): AssignmentRules {
  switch (cure.change) {
    case 'radius':
      return { ...rules, radius: cure.to }
    case 'range': {
      const [from, to] = rangesOf(rules)[cure.level] ?? PAPER_RANGES[cure.level]
      return withRange(rules, cure.level, cure.end === 'to' ? [from, cure.to] : [cure.to, to])
    }
    case 'level':
      return withRange(rules, cure.level, [...PAPER_RANGES[cure.level]])
    case 'location':
      return { ...rules, location: cure.to }
  }
}

function withRange(
  rules: AssignmentRules,
  level: LevelName,
  range: NonNullable<RegressionRanges[LevelName]>,
): AssignmentRules {
  const ranges = rules.regressionRanges ?? rangesFor(LEVEL_NAMES)
  return { ...rules, regressionRanges: { ...ranges, [level]: range } }
}

/** "learnable from input size 512 px (now 416)": no sentence of its own, no full stop. */
export function describeCure(cure: Cure): string {
  switch (cure.change) {
    case 'input-size':
      return `learnable ${cure.to > cure.from ? 'from' : 'at'} input size ${cure.to} px (now ${cure.from})`
    case 'radius':
      return cure.to === 0
        ? `learnable without center sampling (now radius ${cure.from})`
        : `learnable with center sampling radius ${cure.to} (now ${cure.from === 0 ? 'off' : cure.from})`
    case 'range':
      return cure.end === 'to'
        ? `learnable if ${cure.level}'s regression range reached ${cure.to} px (now ${cure.from})`
        : `learnable if ${cure.level}'s regression range began at ${cure.to} px (now ${cure.from})`
    case 'level':
      return `learnable with ${cure.level} (now off)`
    case 'location':
      return cure.to === 'corner'
        ? 'learnable with locations at cell corners (now half a stride in)'
        : 'learnable with locations half a stride in (now at cell corners)'
  }
}

/** One image and which of its boxes is to be cured. */
export interface UnlearnableBox {
  /** Pixels. */
  readonly image: Size
  /** All boxes of the image, in its pixels. */
  readonly boxes: readonly BoxXyxy[]
  readonly gt: number
}

/** Short sides to try, in pixels: multiples of INPUT_STEP. */
const INPUT_STEP = 32
const LARGEST_INPUT = 2048
const INPUT_SIZES = Array.from({ length: LARGEST_INPUT / INPUT_STEP }, (_, i) => (i + 1) * INPUT_STEP)
const RADII = [0.5, 1, 1.5, 2, 2.5, 3, 4, 0]

/**
 * The change of least distance (see distanceOf; of equals input size, radius, range, level, location in turn; of detectors other
 * than FCOS, the input size alone is tried). Undefined if
 * nothing that is tried helps: a box without area, or one hidden under equal boxes, must be redrawn.
 */
export function nearestCure(unlearnable: UnlearnableBox, setting: InputSetting): Cure | undefined {
  const [x1, y1, x2, y2] = unlearnable.boxes[unlearnable.gt]
  if (!(x2 > x1 && y2 > y1)) return undefined
  const rules = fcosRules(setting)
  return [
    ...inputSizes(unlearnable, setting),
    ...(rules === null
      ? []
      : [
          ...radii(rules),
          ...ranges(unlearnable, setting.input, rules),
          ...levels(rules),
          ...locations(rules),
        ]),
  ]
    .map((cure) => ({ cure, distance: distanceOf(cure) }))
    .sort((a, b) => a.distance - b.distance)
    .find(({ cure }) => helps(unlearnable, setting, cure))?.cure
}

function helps({ image, boxes, gt }: UnlearnableBox, setting: InputSetting, cure: Cure): boolean {
  const changed = applyCure(setting, cure)
  const layout = inputPyramid(image, changed)
  // Most changes do not help even if the box were alone, which is a quick test.
  return (
    isLearnable(assignmentOf(changed, layout, inputBoxes(image, [boxes[gt]], changed.input)), 0) &&
    isLearnable(assignmentOf(changed, layout, inputBoxes(image, boxes, changed.input)), gt)
  )
}

/**
 * The size from which on all that are tried help: at some smaller one a small box may lie over a location by chance, and at
 * the next no more. A box too large for the tie-break needs a smaller size instead; no other is told to shrink.
 */
function inputSizes(unlearnable: UnlearnableBox, setting: InputSetting): Cure[] {
  const { image, boxes, gt } = unlearnable
  const { input } = setting
  const rules = fcosRules(setting)
  const from = input.shortSide
  const cures = INPUT_SIZES.map((to): Cure & { change: 'input-size' } => ({ change: 'input-size', to, from }))
  if (rules && neverWins(rules.area, inputBoxes(image, [boxes[gt]], input), 0)) {
    return cures.filter(({ to }) => to < from)
  }
  const larger = cures.filter(({ to }) => to > from)
  return larger.slice(larger.findLastIndex((cure) => !helps(unlearnable, setting, cure)) + 1).slice(0, 1)
}

function radii(rules: AssignmentRules): Cure[] {
  return RADII.filter((to) => to !== rules.radius).map((to) => ({ change: 'radius', to, from: rules.radius }))
}

/** Each level's range widened at one end until it holds max(l, t, r, b) of a location in the box and near its centre. */
function ranges(
  { image, boxes, gt }: UnlearnableBox,
  input: InputSetting['input'],
  rules: AssignmentRules,
): Cure[] {
  const box = inputBoxes(image, [boxes[gt]], input)
  const closed = rules.ranges === 'closed'
  return inputPyramid(image, { input, rules }).levels.flatMap((level) => {
    const name = level.name as LevelName
    const range = rangesOf(rules)[name]
    if (!range) return []
    const [low, high] = range
    const widen = (end: 'from' | 'to', to: number, from: number): Cure => {
      return { change: 'range', level: name, end, to, from }
    }
    return sampledDistances(level, rules, box).flatMap((distance) => {
      const down = closed ? Math.floor(distance) : Math.ceil(distance) - 1
      const up = closed ? Math.ceil(distance) : Math.floor(distance) + 1
      return [
        ...(down < low ? [widen('from', down, low)] : []),
        ...(high !== null && up > high ? [widen('to', up, high)] : []),
      ]
    })
  })
}

/** max(l, t, r, b) of a level's locations that lie in a box [4] and near its centre; each distance once. */
function sampledDistances(level: Level, rules: AssignmentRules, [x1, y1, x2, y2]: Float32Array): number[] {
  const reach = centerReach(limitsOf(level, rules), level.stride)
  const along = (axis: 'x' | 'y', cells: number, low: number, high: number): number[] => {
    const [offset, spacing] = [level.offset[axis], level.spacing[axis]]
    const center = (low + high) / 2
    const start = Math.max(0, Math.floor((Math.max(low, center - reach) - offset) / spacing))
    const end = Math.min(cells - 1, Math.ceil((Math.min(high, center + reach) - offset) / spacing))
    const distances = new Set<number>()
    for (let cell = start; cell <= end; cell++) {
      const position = offset + cell * spacing
      if (isInside(position, low, high) && centerDistance(position, low, high) < reach) {
        distances.add(farSide(position, low, high))
      }
    }
    return [...distances]
  }
  const rows = along('y', level.rows, y1, y2)
  const columns = along('x', level.columns, x1, x2)
  return [...new Set(columns.flatMap((dx) => rows.map((dy) => Math.max(dx, dy))))]
}

function levels(rules: AssignmentRules): Cure[] {
  const present = rangesOf(rules)
  return LEVEL_NAMES.filter((level) => !present[level]).map((level) => ({ change: 'level', level }))
}

function locations(rules: AssignmentRules): Cure[] {
  return [{ change: 'location', to: rules.location === 'corner' ? 'half-stride' : 'corner' }]
}
