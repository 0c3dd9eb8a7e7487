/**
 * Every choice that tells one FCOS from another, kept as data in each checkpoint's metadata, since tensor names
 * alone do not reveal them (which branch carries centerness, how distances are decoded, where locations lie).
 */
import { z } from 'zod'
import { type GridLevelName, LevelName, LocationRule } from '../../pyramid/levels.ts'
import { COMMON_CONFIG, type ModelConfig } from '../model-config.ts'

/** Pixels of the network's input; null: no upper end. */
const RegressionRange = z
  .tuple([z.number().min(0), z.number().positive().nullable()])
  .refine(([from, to]) => to === null || from < to, 'A regression range must not end before it begins')

/** What objects' masks change in the assignment; see masks.ts. */
export const MaskRules = z.strictObject({
  /** What center sampling measures from. */
  centre: z.enum(['box', 'mask']),
  /** Only locations inside the mask are positive. */
  pixels: z.boolean(),
  /** For an object of which no location is inside the mask: none, all that its box alone would have, or the nearest to the mask. */
  fallback: z.enum(['none', 'base', 'nearest']),
})
export type MaskRules = z.infer<typeof MaskRules>

/** Where outlines decide, unless somebody chooses otherwise: around the middle of the outline, only within it, and at least one location of each object. */
export const USUAL_MASK_RULES: MaskRules = { centre: 'mask', pixels: true, fallback: 'nearest' }

/** How ground-truth boxes are assigned to locations (FCOS section 3.1 and its two main implementations). */
export const AssignmentRules = z.strictObject({
  location: LocationRule,
  /** Whether max(l,t,r,b) equal to a bound of a level's regression range belongs to it; closed bounds belong to both levels. */
  ranges: z.enum(['closed', 'open']),
  /** Smallest area wins. inclusive: (w+1)(h+1) (authors). float32: argmax of 1e8 − w·h in float32, which ties areas within 8 px² (torchvision). */
  area: z.enum(['inclusive', 'float32']),
  /** Center sampling: a location must lie within radius·stride of the box's centre (Chebyshev). 0 turns it off. */
  radius: z.number().min(0),
  /** The range of max(l,t,r,b) that each level regresses; a level left out learns nothing. The paper's where undefined. */
  regressionRanges: z.partialRecord(LevelName, RegressionRange).optional(),
  /** For objects that have outlines; left out: their boxes decide alone. */
  masks: MaskRules.optional(),
})
export type AssignmentRules = z.infer<typeof AssignmentRules>

export const DIALECTS = {
  authors: { location: 'half-stride', ranges: 'closed', area: 'inclusive', radius: 1.5 },
  torchvision: { location: 'corner', ranges: 'open', area: 'float32', radius: 1.5 },
} as const satisfies Record<string, AssignmentRules>
export type DialectName = keyof typeof DIALECTS

/** "center from the mask, only its pixels, nearest without any" */
export const maskTitle = ({ centre, pixels, fallback }: MaskRules): string =>
  [
    ...(centre === 'mask' ? ['center from the mask'] : []),
    ...(pixels ? ['only its pixels', `${fallback} without any`] : []),
  ].join(', ')

export const HeadConfig = z.strictObject({
  /** Width of FPN and towers. */
  channels: z.int().positive(),
  /** 3×3 convolutions per tower. */
  depth: z.int().positive(),
  /** batch: one BatchNorm per pyramid level and convolution, since statistics differ between levels. */
  norm: z.enum(['group', 'batch', 'none']),
  groups: z.int().positive(),
  /** own: on a tower of its own, so that it does not share features with the boxes or the classes. */
  centernessOn: z.enum(['regression', 'classification', 'own']),
  /** exp: d = exp(s·x) pixels. relu: d = stride·relu(s·x). s is a learned scalar per level, or 1 without levelScale. */
  distance: z.enum(['exp', 'relu']),
  levelScale: z.boolean(),
})
export type HeadConfig = z.infer<typeof HeadConfig>

export const LossConfig = z.strictObject({
  box: z.enum(['giou', 'iou']),
  /** centerness: Σ c*·L / Σ c* (authors). none: Σ L / positives (torchvision). */
  boxWeight: z.enum(['none', 'centerness']),
  /**
   * What the centerness branch learns: centerness, also where undefined; or the IoU of the location's box with its target, as it is at that
   * step and without a gradient through it (AdelaiDet's box quality). none: there is no such branch, and every location counts alike.
   */
  quality: z.enum(['centerness', 'iou', 'none']).optional(),
  focalAlpha: z.number(),
  focalGamma: z.number(),
})
export type LossConfig = z.infer<typeof LossConfig>

export const FcosConfig = z.strictObject({
  /** Left out in files from when there was no other. */
  detector: z.literal('fcos').optional(),
  ...COMMON_CONFIG,
  assignment: AssignmentRules,
  head: HeadConfig,
  loss: LossConfig,
})
export interface FcosConfig extends ModelConfig<AssignmentRules, HeadConfig, LossConfig> {
  detector?: 'fcos' | undefined
}

/** What a training run may choose of it. */
export const FcosChoices = z.strictObject({
  detector: z.literal('fcos').optional(),
  head: HeadConfig.partial().optional(),
  loss: LossConfig.partial().optional(),
  assignment: AssignmentRules.partial().optional(),
})

export type RegressionRanges = NonNullable<AssignmentRules['regressionRanges']>

/** The distances that each level regresses: m2 … m7 of FCOS section 3.2. */
export const PAPER_RANGES = {
  P3: [0, 64],
  P4: [64, 128],
  P5: [128, 256],
  P6: [256, 512],
  P7: [512, null],
} as const satisfies Record<LevelName, readonly [number, number | null]>

type ReadonlyRanges = Readonly<Partial<Record<LevelName, readonly [from: number, to: number | null]>>>

/** Of a level; undefined where it learns nothing. */
export const rangeOf = (
  rules: Pick<AssignmentRules, 'regressionRanges'>,
  level: GridLevelName,
): readonly [from: number, to: number | null] | undefined => rangesOf(rules)[level as LevelName]

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
