/** What FCOS would learn from the labels of the open project (core/inspect), for given rules and input size. */
import { z } from 'zod'
import { detectors } from '../../detectors/detectors.ts'
import { AssignmentRules } from '../../detectors/fcos/config.ts'
import { OUTLINE_LOSSES } from '../../detectors/polarmask/representability.ts'
import type { DetectorCount } from '../../inspect/detector-comparison.ts'
import { BOX_FAULTS, SUSPICIONS } from '../../inspect/health.ts'
import { SIZE_CLASSES } from '../../inspect/report.ts'
import type { InputSetting } from '../../inspect/setting.ts'
import { HEAT_CELLS } from '../../inspect/shapes.ts'
import { SPLITS } from '../../project/model.ts'
import { GridLevelName } from '../../pyramid/levels.ts'
import { startsJob } from './method.ts'
import { Box, Id, LocalPath, None } from './values.ts'

const Side = z.int().min(32).max(8192)

export const InputSettingValue = z.strictObject({
  input: z.strictObject({ shortSide: Side, longSide: Side }),
  rules: AssignmentRules,
}) satisfies z.ZodType<InputSetting>

/** What is inspected: all images that somebody has worked on, or those of a split, as the trainer would take them. */
export const ReportScope = z.strictObject({ setting: InputSettingValue, split: z.enum(SPLITS).nullable() })
export type ReportScope = z.infer<typeof ReportScope>

const Count = z.int().min(0)

function fitsDetector({ detector, rules }: { readonly detector: string; readonly rules: unknown }): boolean {
  const known = detectors().find(({ name }) => name === detector)
  if (!known) return false
  const preset = known.presets.lite0([{ id: 1, name: '' }])
  return known.config.safeParse({ ...preset, assignment: rules }).success
}
const Recall = z.object({ boxes: Count, learnable: Count })
const AnchorRecall = z.object({ boxes: Count, highQuality: Count, from04: Count, any: Count })
const Distribution = z.object({
  boxes: Count,
  mean: z.number().nullable(),
  median: z.number().nullable(),
  max: z.number().nullable(),
  histogram: z.array(z.object({ from: Count, to: Count.nullable(), boxes: Count })).readonly(),
})
const ShapeBins = z
  .array(z.object({ from: z.number().nullable(), to: z.number().nullable(), boxes: Count }))
  .readonly()

export const ReportInspection = z.object({
  images: Count,
  imagesWithoutBoxes: Count,
  /** Images left out because their files cannot be read: they are not trained on either. */
  leftOut: Count,
  /** Images left out because their size is not known. */
  unsized: Count,
  crowds: Count,
  recall: Recall,
  /** Boxes that no location learns, and that fewer than STARVED_BELOW do. */
  unlearnable: Count,
  starved: Count,
  perCategory: z.array(Recall.extend({ id: Id, name: z.string(), anchors: AnchorRecall })).readonly(),
  perSize: z
    .array(Recall.extend({ name: z.enum(SIZE_CLASSES.map(({ name }) => name)), anchors: AnchorRecall }))
    .readonly(),
  perLevel: z
    .array(
      z.object({
        name: GridLevelName,
        stride: z.int(),
        locations: Count,
        positives: Count,
        boxes: Count,
        locationsPerBox: Distribution,
      }),
    )
    .readonly(),
  ambiguity: z.object({ positives: Count, ambiguous: Count, ambiguousAcrossClasses: Count }),
  locationsPerBox: Distribution,
  shapes: z.object({
    size: ShapeBins,
    aspect: ShapeBins,
    position: z
      .array(Count)
      .length(HEAT_CELLS ** 2)
      .readonly(),
  }),
  /** RetinaNet's anchors at the same input size, by the three rules of FCOS's table 1. */
  anchors: AnchorRecall,
})
export type ReportInspection = z.infer<typeof ReportInspection>

/** Objects with an IoU of from ≤ IoU < to, in the last bin ≤ to. */
const IouBins = z.array(z.object({ from: z.number(), to: z.number(), objects: Count })).readonly()

/** What detectors that use outlines would make of the labels, at the scope's input size. */
export const ReportOutlines = z.object({
  /** Crowds not counted. */
  objects: Count,
  outlined: Count,
  /** FCOS with USUAL_MASK_RULES. */
  masks: z.object({
    /** Positive locations of the boxes alone, and how many of them no outline holds. */
    positives: Count,
    removed: Count,
    /** Objects that some location learns by their box, and none with the outlines. */
    lost: Count,
  }),
  /** PolarMask's usual rays, of the objects with an outline: IoU of the object and the polygon of its rays. */
  rays: z.object({
    count: z.int(),
    fromCentroid: z.object({ mean: z.number(), bins: IouBins }),
    /** From the best location that would learn the object; `unlearnable` have none and do not count. */
    best: z.object({ mean: z.number().nullable(), unlearnable: Count }),
    losses: z.array(z.object({ loss: z.enum(OUTLINE_LOSSES), objects: Count })).readonly(),
  }),
})
export type ReportOutlines = z.infer<typeof ReportOutlines>

const Measured = z.object({ value: z.number(), recall: Recall })
const LadderValue = z.object({
  present: z.number(),
  measured: z.array(Measured).readonly(),
  suggestion: Measured.extend({ gain: z.number() }).nullable(),
})

export const ReportLadders = z.object({
  /** By short side in pixels of the input; the long side in proportion. */
  inputSizes: LadderValue,
  /** Of center sampling, in strides; 0 is off. */
  radii: LadderValue,
})
export type ReportLadders = z.infer<typeof ReportLadders>

const Range = z.strictObject({ from: z.number().nullable(), to: z.number().nullable() })

/** All that is given must hold. */
export const BoxFilter = z.strictObject({
  classId: Id.exactOptional(),
  sizeClass: z.enum(SIZE_CLASSES.map(({ name }) => name)).exactOptional(),
  /** Some location of it learns the box. */
  level: GridLevelName.exactOptional(),
  /** Locations that learn the box: from … to, both included. */
  positives: Range.exactOptional(),
  /** √(width · height) in pixels of the input: from ≤ side < to. */
  side: Range.exactOptional(),
  /** width / height: from ≤ aspect < to. */
  aspect: Range.exactOptional(),
  /** Of PolarMask's usual rays from the centroid, with the object: from ≤ IoU < to. */
  outlineIou: Range.exactOptional(),
  outlineLoss: z.enum(OUTLINE_LOSSES).exactOptional(),
  /** Of the heat grid, the cell that holds its centre. */
  cell: z.int().min(0).exactOptional(),
})
export type BoxFilter = z.infer<typeof BoxFilter>

export const ReportBox = z.object({
  image: Id,
  path: z.string(),
  annotation: Id,
  classId: Id,
  /** Of the image, px. */
  width: Count,
  height: Count,
  /** Image pixels. */
  box: Box,
  sizeClass: z.enum(SIZE_CLASSES.map(({ name }) => name)),
  /** [5] locations of P3 to P7 that learn it. */
  perLevel: z.array(Count).readonly(),
  /** Locations that another box took. */
  lost: Count,
  /** Null where some location learns it. */
  cause: z
    .enum(['no-area', 'under-1-px', 'inside', 'center-sampling', 'range', 'area-limit', 'lost'])
    .nullable(),
  /** In words, what would make it learnable; null if it is, or if nothing that was tried helps. */
  cure: z.string().nullable(),
})
export type ReportBox = z.infer<typeof ReportBox>

/** More than anybody looks through; `count` tells how many there are. */
export const LISTED_BOXES = 2000

export const ReportBoxes = z.object({
  /** In the order of the names. */
  boxes: z.array(ReportBox).max(LISTED_BOXES).readonly(),
  count: Count,
})
export type ReportBoxes = z.infer<typeof ReportBoxes>

const SplitCounts = z.object({ train: Count, val: Count, test: Count, none: Count })
export type SplitCounts = z.infer<typeof SplitCounts>

/** What may be wrong with images and labels, whatever detector learns from them. */
export const HEALTH_KINDS = [
  'unreadable',
  'unlabelled',
  'empty',
  'leaked',
  'near-duplicate',
  ...BOX_FAULTS,
  ...SUSPICIONS,
] as const
export type HealthKind = (typeof HEALTH_KINDS)[number]

export const HealthFinding = z.object({
  /** The image concerned; of near-duplicates, all of a group. */
  images: z
    .array(
      z.object({
        image: Id,
        path: z.string(),
        split: z.enum(SPLITS).nullable(),
        width: Count,
        height: Count,
      }),
    )
    .min(1)
    .readonly(),
  /** The label concerned; null where an image is, or an object without a label. */
  label: z.object({ annotation: Id, classId: Id, box: Box }).nullable(),
  /** What the model in use says instead. */
  guess: z.object({ classId: Id, box: Box, score: z.number() }).nullable(),
})
export type HealthFinding = z.infer<typeof HealthFinding>

/** Listed of each kind; `count` tells how many there are. */
export const LISTED_FINDINGS = 500

export const DatasetHealth = z.object({
  /** Images that are not ignored. */
  images: SplitCounts,
  /** Labels of each class, in the user's order, and the images that have some. */
  classes: z.array(z.object({ id: Id, images: Count, boxes: SplitCounts })).readonly(),
  /** Labels by COCO's size classes. */
  sizes: z
    .array(z.object({ name: z.enum(SIZE_CLASSES.map(({ name }) => name)), boxes: SplitCounts }))
    .readonly(),
  findings: z
    .array(z.object({ kind: z.enum(HEALTH_KINDS), count: Count, listed: z.array(HealthFinding).readonly() }))
    .readonly(),
  /** Null where no model is in use: then it raises no suspicions. `known`: labelled images in which it has detected. */
  model: z.object({ title: z.string(), known: Count, labelled: Count }).nullable(),
})
export type DatasetHealth = z.infer<typeof DatasetHealth>

const DetectorCountValue = z.object({
  boxes: Count,
  learnable: Count,
  positives: Count,
  median: Count.nullable(),
  starved: Count,
  robbed: Count,
  causes: z.array(z.object({ title: z.string(), boxes: Count })).readonly(),
}) satisfies z.ZodType<DetectorCount>

/** Several detectors on the same boxes, each with an input size and rules of its own. */
export const DetectorsScope = z.strictObject({
  settings: z
    .array(
      z
        .strictObject({ detector: z.string(), input: InputSettingValue.shape.input, rules: z.json() })
        .refine(fitsDetector, 'These are not rules of this detector'),
    )
    .min(1)
    .max(8)
    .readonly(),
  split: z.enum(SPLITS).nullable(),
})
export type DetectorsScope = z.infer<typeof DetectorsScope>

/** What core/inspect/detector-comparison.ts says of them, in the order of the settings. */
export const ReportDetectors = z.object({
  detectors: z
    .array(
      z.object({
        name: z.string(),
        title: z.string(),
        places: z.string(),
        starves: z.boolean(),
        all: DetectorCountValue,
        perCategory: z.array(DetectorCountValue).readonly(),
        perSize: z.array(DetectorCountValue).readonly(),
      }),
    )
    .readonly(),
  /** In the order of perCategory. */
  categories: z.array(z.object({ id: Id, name: z.string() })).readonly(),
})
export type ReportDetectors = z.infer<typeof ReportDetectors>

export const REPORT_METHODS = {
  /** A job with DatasetHealth: what to look at before anything is learned. */
  'report.health': startsJob(None, DatasetHealth),
  /** A job with ReportInspection. */
  'report.inspect': startsJob(ReportScope, ReportInspection),
  /** A job with ReportLadders: recall with other input sizes and radii. */
  'report.ladders': startsJob(ReportScope, ReportLadders),
  /** A job with ReportDetectors: which boxes each detector can learn. */
  'report.detectors': startsJob(DetectorsScope, ReportDetectors),
  /** A job with ReportOutlines; null where no object has an outline. */
  'report.outlines': startsJob(ReportScope, ReportOutlines.nullable()),
  /** A job with ReportBoxes: the boxes for which a filter holds. */
  'report.boxes': startsJob(ReportScope.extend({ filter: BoxFilter }), ReportBoxes),
  /** A job with { boxes }: writes the list of all boxes as CSV. Fails with DATA_EXISTS, IO_WRITE. */
  'report.writeBoxes': startsJob(
    ReportScope.extend({ out: LocalPath, overwrite: z.boolean() }),
    z.object({ boxes: Count }),
  ),
} as const
