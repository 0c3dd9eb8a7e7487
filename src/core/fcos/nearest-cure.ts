/** The nearest setting with which some location learns a box that none learns now, found by trying. */
import type { BoxXyxy, Size } from '../geometry/box.ts'
import { centerDistance, centerReach, farSide, isInside, limitsOf } from './criteria.ts'
import { applyCure, type Cure, distanceOf } from './cure.ts'
import { LEVEL_NAMES, type Level } from './levels.ts'
import { neverWins } from './precedence.ts'
import { isLearnable } from './recall.ts'
import { rangesOf } from './regression-ranges.ts'
import { type InputSetting, inputBoxes, inputPyramid } from './scene.ts'

/** One image and which of its boxes is to be cured. */
export interface Patient {
  /** Pixels. */
  readonly image: Size
  /** All of the image's, in its pixels. */
  readonly boxes: readonly BoxXyxy[]
  readonly gt: number
}

/** Short sides that are tried, in pixels: multiples of INPUT_STEP. */
const INPUT_STEP = 32
const LARGEST_INPUT = 2048
const INPUT_SIZES = Array.from({ length: LARGEST_INPUT / INPUT_STEP }, (_, i) => (i + 1) * INPUT_STEP)
const RADII = [0.5, 1, 1.5, 2, 2.5, 3, 4, 0]

/**
 * The change of least distance (see distanceOf; of equals input size, radius, range, level, location in turn). Undefined if
 * nothing that is tried helps: a box without area, or one hidden under equal boxes, must be redrawn.
 */
export function nearestCure(patient: Patient, setting: InputSetting): Cure | undefined {
  const [x1, y1, x2, y2] = patient.boxes[patient.gt]
  if (!(x2 > x1 && y2 > y1)) return undefined
  return [
    ...inputSizes(patient, setting),
    ...radii(setting),
    ...ranges(patient, setting),
    ...levels(setting),
    ...locations(setting),
  ]
    .map((cure) => ({ cure, distance: distanceOf(cure) }))
    .sort((a, b) => a.distance - b.distance)
    .find(({ cure }) => helps(patient, setting, cure))?.cure
}

function helps({ image, boxes, gt }: Patient, setting: InputSetting, cure: Cure): boolean {
  const changed = applyCure(setting, cure)
  const layout = inputPyramid(image, changed)
  // Most changes fail the box even alone, which is quickly found.
  return (
    isLearnable(layout, changed.rules, inputBoxes(image, [boxes[gt]], changed.input), 0) &&
    isLearnable(layout, changed.rules, inputBoxes(image, boxes, changed.input), gt)
  )
}

/**
 * The size from which on all that are tried help: at some smaller one a small box may lie over a location by chance, and at
 * the next no more. A box too large for the tie-break needs a smaller size instead; no other is told to shrink.
 */
function inputSizes(patient: Patient, setting: InputSetting): Cure[] {
  const { image, boxes, gt } = patient
  const { input, rules } = setting
  const from = input.shortSide
  const cures = INPUT_SIZES.map((to): Cure & { change: 'input-size' } => ({ change: 'input-size', to, from }))
  if (neverWins(rules.area, inputBoxes(image, [boxes[gt]], input), 0)) {
    return cures.filter(({ to }) => to < from)
  }
  const larger = cures.filter(({ to }) => to > from)
  return larger.slice(larger.findLastIndex((cure) => !helps(patient, setting, cure)) + 1).slice(0, 1)
}

function radii({ rules }: InputSetting): Cure[] {
  return RADII.filter((to) => to !== rules.radius).map((to) => ({ change: 'radius', to, from: rules.radius }))
}

/** Each level's range widened at one end until it holds max(l, t, r, b) of a location in the box and near its centre. */
function ranges({ image, boxes, gt }: Patient, { input, rules }: InputSetting): Cure[] {
  const box = inputBoxes(image, [boxes[gt]], input)
  const closed = rules.ranges === 'closed'
  return inputPyramid(image, { input, rules }).levels.flatMap((level) => {
    const range = rangesOf(rules)[level.name]
    if (!range) return []
    const [low, high] = range
    const widen = (end: 'from' | 'to', to: number, from: number): Cure => {
      return { change: 'range', level: level.name, end, to, from }
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
function sampledDistances(
  level: Level,
  rules: InputSetting['rules'],
  [x1, y1, x2, y2]: Float32Array,
): number[] {
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

function levels({ rules }: InputSetting): Cure[] {
  const present = rangesOf(rules)
  return LEVEL_NAMES.filter((level) => !present[level]).map((level) => ({ change: 'level', level }))
}

function locations({ rules }: InputSetting): Cure[] {
  return [{ change: 'location', to: rules.location === 'corner' ? 'half-stride' : 'corner' }]
}
