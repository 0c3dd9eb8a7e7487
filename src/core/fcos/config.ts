/**
 * Every choice that tells one FCOS from another, kept as data in each checkpoint's metadata, since tensor names
 * alone do not reveal them (which branch carries centerness, how distances are decoded, where locations lie).
 */
import { z } from 'zod'

export const LevelName = z.enum(['P3', 'P4', 'P5', 'P6', 'P7'])
export type LevelName = z.infer<typeof LevelName>

/** Pixels of the network's input; null: no upper end. */
const RegressionRange = z
  .tuple([z.number().min(0), z.number().positive().nullable()])
  .refine(([from, to]) => to === null || from < to, 'A regression range must not end before it begins')

/** How ground-truth boxes are assigned to locations (FCOS section 3.1 and its two main implementations). */
export const AssignmentRules = z.strictObject({
  /** half-stride: floor(s/2) + k·s (authors). corner: k·floor(padded size / feature size) (torchvision). */
  location: z.enum(['half-stride', 'corner']),
  /** Whether max(l,t,r,b) equal to a bound of a level's regression range belongs to it; closed bounds belong to both levels. */
  ranges: z.enum(['closed', 'open']),
  /** Smallest area wins. inclusive: (w+1)(h+1) (authors). float32: argmax of 1e8 − w·h in float32, which ties areas within 8 px² (torchvision). */
  area: z.enum(['inclusive', 'float32']),
  /** Center sampling: a location must lie within radius·stride of the box's centre (Chebyshev). 0 turns it off. */
  radius: z.number().min(0),
  /** The range of max(l,t,r,b) that each level regresses; a level left out learns nothing. The paper's where undefined. */
  regressionRanges: z.partialRecord(LevelName, RegressionRange).optional(),
})
export type AssignmentRules = z.infer<typeof AssignmentRules>

export const DIALECTS = {
  authors: { location: 'half-stride', ranges: 'closed', area: 'inclusive', radius: 1.5 },
  torchvision: { location: 'corner', ranges: 'open', area: 'float32', radius: 1.5 },
} as const satisfies Record<string, AssignmentRules>
export type DialectName = keyof typeof DIALECTS

export const HeadConfig = z.strictObject({
  /** Width of FPN and towers. */
  channels: z.int().positive(),
  /** 3×3 convolutions per tower. */
  depth: z.int().positive(),
  /** batch: one BatchNorm per pyramid level and convolution, since statistics differ between levels. */
  norm: z.enum(['group', 'batch', 'none']),
  groups: z.int().positive(),
  centernessOn: z.enum(['regression', 'classification']),
  /** exp: d = exp(s·x) pixels. relu: d = stride·relu(s·x). s is a learned scalar per level, or 1 without levelScale. */
  distance: z.enum(['exp', 'relu']),
  levelScale: z.boolean(),
})
export type HeadConfig = z.infer<typeof HeadConfig>

export const LossConfig = z.strictObject({
  box: z.enum(['giou', 'iou']),
  /** centerness: Σ c*·L / Σ c* (authors). none: Σ L / positives (torchvision). */
  boxWeight: z.enum(['none', 'centerness']),
  focalAlpha: z.number(),
  focalGamma: z.number(),
})
export type LossConfig = z.infer<typeof LossConfig>

export const InputConfig = z.strictObject({
  /** The image is scaled so that its short side is shortSide, unless its long side would pass longSide. */
  shortSide: z.int().positive(),
  longSide: z.int().positive(),
  /** RGB in [0, 1]; subtracted and divided before resizing, so that padding with 0 is padding with the mean. */
  mean: z.tuple([z.number(), z.number(), z.number()]),
  std: z.tuple([z.number(), z.number(), z.number()]),
})
export type InputConfig = z.infer<typeof InputConfig>

export const ModelConfig = z.strictObject({
  architecture: z.enum(['r50', 'lite0']),
  /** Index in this list = output channel of cls_logits. id is the data set's category id. */
  classes: z.array(z.strictObject({ id: z.int(), name: z.string() })).min(1),
  input: InputConfig,
  assignment: AssignmentRules,
  head: HeadConfig,
  loss: LossConfig,
})
export type ModelConfig = z.infer<typeof ModelConfig>
