/** Which distances each level of the pyramid regresses: m2 … m7 of FCOS section 3.2. */
import type { AssignmentRules, LevelName } from './config.ts'

export type RegressionRanges = NonNullable<AssignmentRules['regressionRanges']>

export const PAPER_RANGES = {
  P3: [0, 64],
  P4: [64, 128],
  P5: [128, 256],
  P6: [256, 512],
  P7: [512, null],
} as const satisfies Record<LevelName, readonly [number, number | null]>

type ReadonlyRanges = Readonly<Partial<Record<LevelName, readonly [from: number, to: number | null]>>>

/** The ranges in pixels that the rules give; null: no upper end. */
export const rangesOf = ({ regressionRanges }: Pick<AssignmentRules, 'regressionRanges'>): ReadonlyRanges =>
  regressionRanges ?? PAPER_RANGES

/**
 * Ranges for some of the levels, in ascending order, that leave no distance out: each begins where the one before ends in
 * the paper, the first at 0, and the last has no end (AdelaiDet's real-time models: P3 to P5 with bounds 64 and 128).
 */
export function rangesFor(levels: readonly LevelName[]): RegressionRanges {
  return Object.fromEntries(
    levels.map((name, i) => [
      name,
      [
        i === 0 ? 0 : PAPER_RANGES[levels[i - 1]][1]!,
        i === levels.length - 1 ? null : PAPER_RANGES[name][1],
      ] satisfies [number, number | null],
    ]),
  )
}
