/** Changes of a setting that make a box learnable, see nearest-cure.ts. */
import type { AssignmentRules, LevelName } from './config.ts'
import { LEVEL_NAMES } from './levels.ts'
import { PAPER_RANGES, type RegressionRanges, rangesFor, rangesOf } from './regression-ranges.ts'
import type { InputSetting } from './scene.ts'

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
  /** A level that learns nothing now gets the paper's range. */
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

export function applyCure({ input, rules }: InputSetting, cure: Cure): InputSetting {
  switch (cure.change) {
    case 'input-size': {
      const longSide = Math.round((input.longSide * cure.to) / input.shortSide)
      return { input: { shortSide: cure.to, longSide }, rules }
    }
    case 'radius':
      return { input, rules: { ...rules, radius: cure.to } }
    case 'range': {
      const [from, to] = rangesOf(rules)[cure.level] ?? PAPER_RANGES[cure.level]
      return withRange({ input, rules }, cure.level, cure.end === 'to' ? [from, cure.to] : [cure.to, to])
    }
    case 'level':
      return withRange({ input, rules }, cure.level, [...PAPER_RANGES[cure.level]])
    case 'location':
      return { input, rules: { ...rules, location: cure.to } }
  }
}

function withRange(
  { input, rules }: InputSetting,
  level: LevelName,
  range: NonNullable<RegressionRanges[LevelName]>,
): InputSetting {
  const ranges = rules.regressionRanges ?? rangesFor(LEVEL_NAMES)
  return { input, rules: { ...rules, regressionRanges: { ...ranges, [level]: range } } }
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
