/**
 * The nearest setting with which some location learns a box that none learns now, found by trying.
 *
 * Changes of different kinds are compared by how often they double or halve a setting, |log2(new / old)|: input size,
 * radius (off counts as RADIUS_OFF strides), a bound of a level's regression range (+ 1 px, so that 0 can be halved).
 * Switching on a level, or moving the locations by half a stride, counts as one doubling. At equal distance the earlier
 * kind in this list wins.
 */
import type { BoxXyxy, Size } from '../geometry/box.ts'
import type { AssignmentRules, LevelName } from './config.ts'
import { centerDistance, centerReach, farSide, isInside, isLearning, limitsOf } from './criteria.ts'
import type { Level } from './levels.ts'
import { isLearnable } from './recall.ts'
import { rangesFor, rangesOf } from './regression-ranges.ts'
import { type InputSetting, inputBoxes, inputPyramid } from './scene.ts'

export type Cure =
  /** Of the short side, in pixels; the long side grows with it. */
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
  /** A level that learns nothing now gets the paper's range. */
  | { readonly change: 'level'; readonly level: LevelName }
  | { readonly change: 'location'; readonly to: AssignmentRules['location'] }

/** Short sides that are tried, in pixels: multiples of 32 up to here. */
const LARGEST_INPUT = 2048
const INPUT_STEP = 32
const RADII = [0.5, 1, 1.5, 2, 2.5, 3, 4, 0]
/** Beyond 8 strides hardly any box of a level's range is center sampled at all. */
const RADIUS_OFF = 8

interface Attempt {
  readonly cure: Cure
  readonly distance: number
  readonly setting: InputSetting
}

/**
 * image: its size in pixels; boxes: all its boxes in these; gt: index of one that no location learns.
 * Undefined if nothing that is tried helps: a box without area, or one hidden under equal boxes, must be redrawn.
 */
export function nearestCure(
  image: Size,
  boxes: readonly BoxXyxy[],
  gt: number,
  setting: InputSetting,
): Cure | undefined {
  const [x1, y1, x2, y2] = boxes[gt]
  if (!(x2 > x1 && y2 > y1)) return undefined
  const attempts = [
    ...inputSizes(setting),
    ...radii(setting),
    ...ranges(image, boxes[gt], setting),
    ...levels(setting),
    ...locations(setting),
  ].sort((a, b) => a.distance - b.distance)
  return attempts.find(({ setting }) =>
    isLearnable(inputPyramid(image, setting), setting.rules, inputBoxes(image, boxes, setting.input), gt),
  )?.cure
}

const doublings = (to: number, from: number): number => Math.abs(Math.log2(to / from))

function inputSizes({ input, rules }: InputSetting): Attempt[] {
  const from = input.shortSide
  const attempts: Attempt[] = []
  for (let to = INPUT_STEP; to <= LARGEST_INPUT; to += INPUT_STEP) {
    if (to === from) continue
    const resized = { shortSide: to, longSide: Math.round((input.longSide * to) / from) }
    attempts.push({
      cure: { change: 'input-size', to, from },
      distance: doublings(to, from),
      setting: { input: resized, rules },
    })
  }
  return attempts
}

function radii({ input, rules }: InputSetting): Attempt[] {
  const from = rules.radius
  return RADII.filter((to) => to !== from).map((to) => ({
    cure: { change: 'radius', to, from },
    distance: doublings(to || RADIUS_OFF, from || RADIUS_OFF),
    setting: { input, rules: { ...rules, radius: to } },
  }))
}

/** Each level's range widened at one end until it holds max(l, t, r, b) of one more location in the box and near its centre. */
function ranges(image: Size, box: BoxXyxy, { input, rules }: InputSetting): Attempt[] {
  const layout = inputPyramid(image, { input, rules })
  const scaled = inputBoxes(image, [box], input)
  const present = rangesOf(rules)
  const closed = rules.ranges === 'closed'
  return layout.levels
    .filter((level) => isLearning(level, rules))
    .flatMap((level) => {
      const { name } = level
      const [low, high] = present[name]!
      const attempt = (end: 'from' | 'to', to: number, from: number): Attempt => ({
        cure: { change: 'range', level: name, end, to, from },
        distance: doublings(to + 1, from + 1),
        setting: {
          input,
          rules: {
            ...rules,
            regressionRanges: withRange(rules, name, end === 'to' ? [low, to] : [to, high]),
          },
        },
      })
      return sampledDistances(level, rules, scaled).flatMap((distance) => {
        const down = closed ? Math.floor(distance) : Math.ceil(distance) - 1
        const up = closed ? Math.ceil(distance) : Math.floor(distance) + 1
        return [
          ...(down < low ? [attempt('from', down, low)] : []),
          ...(high !== null && up > high ? [attempt('to', up, high)] : []),
        ]
      })
    })
}

/** max(l, t, r, b) of the locations of a level that lie in a box [4] and near its centre; each distance once. */
function sampledDistances(level: Level, rules: AssignmentRules, [x1, y1, x2, y2]: Float32Array): number[] {
  const reach = centerReach(limitsOf(level, rules), level.stride)
  const along = (axis: 'x' | 'y', cells: number, low: number, high: number) => {
    const distances = new Set<number>()
    const { [axis]: spacing } = level.spacing
    const { [axis]: offset } = level.offset
    const start = Math.max(0, Math.floor((Math.max(low, (low + high) / 2 - reach) - offset) / spacing))
    const end = Math.min(cells - 1, Math.ceil((Math.min(high, (low + high) / 2 + reach) - offset) / spacing))
    for (let cell = start; cell <= end; cell++) {
      const position = offset + cell * spacing
      if (isInside(position, low, high) && centerDistance(position, low, high) < reach) {
        distances.add(farSide(position, low, high))
      }
    }
    return [...distances]
  }
  const rows = along('y', level.rows, y1, y2)
  return [...new Set(along('x', level.columns, x1, x2).flatMap((dx) => rows.map((dy) => Math.max(dx, dy))))]
}

function levels({ input, rules }: InputSetting): Attempt[] {
  const present = rangesOf(rules)
  const paper = rangesOf({ regressionRanges: undefined })
  return (Object.keys(paper) as LevelName[])
    .filter((level) => present[level] === undefined)
    .map((level) => {
      const [from, to] = paper[level]!
      return {
        cure: { change: 'level', level },
        distance: 1,
        setting: { input, rules: { ...rules, regressionRanges: withRange(rules, level, [from, to]) } },
      }
    })
}

function withRange(
  rules: AssignmentRules,
  level: LevelName,
  range: [number, number | null],
): NonNullable<AssignmentRules['regressionRanges']> {
  return { ...(rules.regressionRanges ?? rangesFor(['P3', 'P4', 'P5', 'P6', 'P7'])), [level]: range }
}

function locations({ input, rules }: InputSetting): Attempt[] {
  const to = rules.location === 'corner' ? 'half-stride' : 'corner'
  return [
    { cure: { change: 'location', to }, distance: 1, setting: { input, rules: { ...rules, location: to } } },
  ]
}

/** "learnable at input size 512 px (now 416)": no sentence of its own, no full stop. */
export function describeCure(cure: Cure): string {
  switch (cure.change) {
    case 'input-size':
      return `learnable at input size ${cure.to} px (now ${cure.from})`
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
