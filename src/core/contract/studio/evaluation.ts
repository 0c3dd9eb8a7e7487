/**
 * How good a detector is, and where it is wrong. An evaluation stores labels and detections as they were; every number and
 * list is computed from these, so that it stays the same while labels are corrected.
 *
 * Points to draw come beside it: evaluation-points.ts.
 *
 * All methods but list and start throw USAGE_EVALUATION where there is no such evaluation.
 */
import { z } from 'zod'
import { ERROR_TYPES } from '../../evaluation/analysis/error-types.ts'
import { ORACLE_STEPS } from '../../evaluation/oracle/steps.ts'
import { AREA_RANGES } from '../../evaluation/protocol.ts'
import { IOU_TYPES } from '../../evaluation/tables.ts'
import { method, startsJob } from './method.ts'
import { Box, Id, LocalPath, None, Nothing, SegmentationValue } from './values.ts'

export const EvaluationId = z.string().regex(/^[0-9a-z]{8,40}$/)
const Score = z.number().min(0).max(1)

/** What detected. */
export const EvaluationSource = z.discriminatedUnion('kind', [
  /** COCO results of the project's images, told by file_name or by the project's image ids. */
  z.strictObject({ kind: z.literal('file'), path: LocalPath }),
  /** A checkpoint, of a run or another (models.list); images that it has not seen yet are detected first. */
  z.strictObject({ kind: z.literal('model'), path: LocalPath }),
])
export type EvaluationSource = z.infer<typeof EvaluationSource>

/** score: as the detector ranks. class: the same detector if centerness did not count. */
export const RANKINGS = ['score', 'class'] as const
export const Ranking = z.enum(RANKINGS)
export type Ranking = z.infer<typeof Ranking>

/** Whether boxes or masks are compared. */
export const IouType = z.enum(IOU_TYPES)

export const ClassThreshold = z.strictObject({ classId: Id, score: Score })
export type ClassThreshold = z.infer<typeof ClassThreshold>

export const EvaluationEntry = z.object({
  id: EvaluationId,
  /** Of what detected: "results.json", "Run 3". */
  title: z.string(),
  /** ISO 8601 */
  at: z.string(),
  source: EvaluationSource,
  /** The version of the checkpoint; null for a file. */
  modelKey: z.string().nullable(),
  /** Which images (core/query); of these, the ones that somebody has worked on count. */
  query: z.string(),
  images: z.int(),
  /** Crowds not counted. */
  objects: z.int(),
  detections: z.int(),
  /** Detections left out: of classes that the project does not have, and on its images that were not chosen. */
  otherClasses: z.int(),
  otherImages: z.int(),
  /** Images left out since their files cannot be read. Evaluations of older versions do not tell. */
  unreadImages: z.int().default(0),
  /** Detections whose centre lies outside their image: of a results file that was made in pictures of another size. */
  outside: z.int().default(0),
  /** Those that can be asked for: both of a model, `score` alone of a file. */
  rankings: z.array(Ranking).readonly(),
  /** Those that can be asked for: masks where every detection has one and some object does. */
  iouTypes: z.array(IouType).readonly().default(['bbox']),
  /** Where masks can be compared: objects without a usable outline, whose box counts as their mask. */
  boxObjects: z.int().default(0),
  /** Of a file that has masks: how many detections are without a usable one, so that only boxes are compared. */
  masklessDetections: z.int().default(0),
  /** The 12 COCO numbers of boxes in pycocotools' order (COCO_STATS); −1 where there are no objects. */
  stats: z.array(z.number()).length(12).readonly(),
  /** The same of masks; null where they cannot be compared. */
  maskStats: z.array(z.number()).length(12).readonly().nullable().default(null),
  /** As the user saved them; classes that have none keep the detector's. */
  thresholds: z.array(ClassThreshold).readonly(),
})
export type EvaluationEntry = z.infer<typeof EvaluationEntry>

export const ClassMetrics = z.object({
  classId: Id,
  name: z.string(),
  objects: z.int(),
  ...{ ap: z.number(), ap50: z.number(), ap75: z.number() },
  ...{ apSmall: z.number(), apMedium: z.number(), apLarge: z.number() },
  ...{ ar1: z.number(), ar10: z.number(), ar100: z.number() },
})
export type ClassMetrics = z.infer<typeof ClassMetrics>

export const EvaluationSummary = z.object({
  stats: z.array(z.number()).length(12).readonly(),
  /** By ascending class id. */
  perClass: z.array(ClassMetrics).readonly(),
  /** Of the evaluation's images: how many have other labels now, or are no longer among those chosen. */
  changedImages: z.int(),
  /** Those of them that were removed from the project. */
  removedImages: z.int(),
})
export type EvaluationSummary = z.infer<typeof EvaluationSummary>

export const Size = z.enum(AREA_RANGES.map(({ name }) => name))

export const PrecisionCurve = z.object({
  /** What sets it apart: a class, an IoU, or a size. */
  name: z.string(),
  classId: Id.nullable(),
  ap: z.number(),
  /** [101] best precision at recall 0, 0.01, … 1 or higher. Null where there are no objects. */
  precision: z.array(z.number()).readonly().nullable(),
  /** [101] of one class: the score at which the recall is reached. Null for a mean over classes. */
  scores: z.array(z.number()).readonly().nullable(),
})
export type PrecisionCurve = z.infer<typeof PrecisionCurve>

export const FINDING_KINDS = [...ERROR_TYPES, 'low score', 'right', 'ignored'] as const

/** A detection, an object, or both together. */
export const Finding = z.object({
  imageId: Id,
  kind: z.enum(FINDING_KINDS),
  /** Of the two boxes or masks; 0 where one is missing. Of background: the highest with any object. */
  iou: z.number(),
  /** With the segmentation where masks are compared. */
  detected: z
    .object({ index: Id, classId: Id, score: Score, box: Box, segmentation: SegmentationValue.optional() })
    .nullable(),
  object: z
    .object({ annotationId: Id, classId: Id, box: Box, segmentation: SegmentationValue.optional() })
    .nullable(),
})
export type Finding = z.infer<typeof Finding>

/** Which findings: what stands behind a bar, a cell, points or a stretch of a ranking. */
export const FindingsOf = z.discriminatedUnion('kind', [
  /** Wrong detections of at least this score; null for all types. */
  z.strictObject({
    kind: z.literal('falsePositives'),
    type: z.enum(ERROR_TYPES).exclude(['missed']).nullable(),
    score: Score,
  }),
  /** Objects that no detection of at least this score finds. */
  z.strictObject({
    kind: z.literal('falseNegatives'),
    type: z.enum(['missed', 'low score', 'classification', 'localisation']).nullable(),
    score: Score,
  }),
  /** A cell of the confusion matrix. Null is background. */
  z.strictObject({
    kind: z.literal('cell'),
    truth: Id.nullable(),
    predicted: Id.nullable(),
    ...{ score: Score, iou: Score },
  }),
  /** Detections by their index. */
  z.strictObject({ kind: z.literal('detections'), indices: z.array(Id).max(1000).readonly() }),
  /** Detections whose score is in [from, to]. */
  z.strictObject({ kind: z.literal('scores'), from: Score, to: Score }),
  /** Detections of at least this class score, of the least centerness first. */
  z.strictObject({ kind: z.literal('offCentre'), classScore: Score }),
  /** All that is wrong on these images, image by image, with detections of at least this score. */
  z.strictObject({ kind: z.literal('images'), images: z.array(Id).max(1000).readonly(), score: Score }),
])
export type FindingsOf = z.infer<typeof FindingsOf>

const FINDING_SORTS = ['score', 'iou', 'image'] as const

export const FindingsPage = z.object({
  total: z.int(),
  findings: z.array(Finding).readonly(),
})
export type FindingsPage = z.infer<typeof FindingsPage>

export const Confusion = z.object({
  /** Of the K classes. */
  classIds: z.array(Id).readonly(),
  /** [K+1][K+1] by true, then predicted class; the last row and column are background. */
  counts: z.array(z.array(z.int()).readonly()).readonly(),
})
export type Confusion = z.infer<typeof Confusion>

export const ErrorReport = z.object({
  /** At IoU 0.5. */
  ap: z.number(),
  types: z.array(z.object({ type: z.enum(ERROR_TYPES), count: z.int(), gain: z.number() })).readonly(),
  /** AP that repairing everything, only what is wrongly detected, and only what is not found would add. */
  ...{ all: z.number(), falsePositives: z.number(), falseNegatives: z.number() },
})
export type ErrorReport = z.infer<typeof ErrorReport>

/** What a point's score is: as ranked by, √(p̂·ô); p̂·ô, as in the FCOS paper's figure; p̂ alone. */
export const SCORE_AXES = ['score', 'product', 'class'] as const

export const ScoreAgainstIou = z.object({
  count: z.int(),
  /** Null where it has no value, as the rest. */
  spearman: z.number().nullable(),
  shareBelow: z.number().nullable(),
  meanExcess: z.number().nullable(),
  calibrationError: z.number().nullable(),
  bins: z
    .array(
      z.object({
        ...{ from: z.number(), to: z.number(), count: z.int() },
        ...{ meanScore: z.number().nullable(), meanIou: z.number().nullable() },
      }),
    )
    .readonly(),
})
export type ScoreAgainstIou = z.infer<typeof ScoreAgainstIou>

/** At IoU 0.5, of the detections of at least a score. Precision is 1 where there are none. */
const ThresholdFigures = z.object({
  score: Score,
  precision: z.number(),
  recall: z.number(),
  f1: z.number(),
})

export const ClassFigures = ThresholdFigures.extend({ classId: Id })
export type ClassFigures = z.infer<typeof ClassFigures>

export const ClassThresholds = z.object({
  classId: Id,
  objects: z.int(),
  /** Highest F1; null where nothing is ever found. */
  best: ThresholdFigures.nullable(),
  /** [101] at the thresholds 0, 0.01, … 1, to be drawn: `evaluation.figuresAt` tells of any other threshold. */
  precision: z.array(z.number()).readonly(),
  recall: z.array(z.number()).readonly(),
  f1: z.array(z.number()).readonly(),
})
export type ClassThresholds = z.infer<typeof ClassThresholds>

/** AP if part of the outputs were perfect, step by step; core/evaluation/oracle/steps.ts tells what the steps are. */
export const OracleResult = z.array(
  z.object({
    step: z.enum(ORACLE_STEPS),
    ...{ ap: z.number(), ap50: z.number(), ap75: z.number() },
    /** Images whose own AP at IoU 0.5 gains most over the step before, most first. */
    gains: z.array(Id).readonly(),
  }),
)
export type OracleResult = z.infer<typeof OracleResult>

const evaluation = { evaluation: EvaluationId }
/** Boxes are compared where no type is given; segm throws USAGE_IOU_TYPE where masks cannot be. */
const ranked = { ...evaluation, ranking: Ranking, iouType: IouType.exactOptional() }
const Objects = z.enum(['same class', 'any class'])

export const EVALUATION_METHODS = {
  /** Newest first. */
  'evaluation.list': method(None, z.array(EvaluationEntry).readonly()),
  /**
   * A job with EvaluationEntry. Its errors: USAGE_QUERY; USAGE_NO_LABELS where no chosen image has been worked on; of
   * a model WEIGHTS_* and ENGINE_*; of a file DATA_READ, DATA_JSON, DATA_COCO_RESULTS, DATA_UNKNOWN_IMAGE, DATA_SCORE; IO_EVALUATION, IO_DISK_FULL.
   */
  'evaluation.start': startsJob(
    z.strictObject({ source: EvaluationSource, query: z.string().max(10_000) }),
    EvaluationEntry,
  ),
  'evaluation.remove': method(z.strictObject(evaluation), Nothing),
  'evaluation.summary': method(z.strictObject(ranked), EvaluationSummary),
  /** At an IoU, one curve per class; of one class or (null) their mean, one per IoU or per size. */
  'evaluation.curves': method(
    z.strictObject({
      ...ranked,
      by: z.enum(['class', 'iou', 'size']),
      classId: Id.nullable(),
      /** 0.5, 0.55, … 0.95; null for the mean of all. */
      iou: z.number().min(0.5).max(0.95).nullable(),
      size: Size,
    }),
    z.array(PrecisionCurve).readonly(),
  ),
  'evaluation.confusion': method(z.strictObject({ ...ranked, score: Score, iou: Score }), Confusion),
  'evaluation.errors': method(z.strictObject(ranked), ErrorReport),
  'evaluation.findings': method(
    z.strictObject({
      ...ranked,
      of: FindingsOf,
      /** Only where the detection or the object has this class. */
      classId: Id.nullable(),
      /** Best score first, highest IoU first, image by image; null: as `of` has them. */
      sort: z.enum(FINDING_SORTS).nullable(),
      offset: Id,
      limit: z.int().min(1).max(1000),
    }),
    FindingsPage,
  ),
  'evaluation.scores': method(
    z.strictObject({ ...ranked, axis: z.enum(SCORE_AXES), objects: Objects }),
    ScoreAgainstIou,
  ),
  'evaluation.thresholds': method(z.strictObject(ranked), z.array(ClassThresholds).readonly()),
  /** Precision, recall and F1 at these very thresholds, in their order; classes that the evaluation lacks are passed over. */
  'evaluation.figuresAt': method(
    z.strictObject({ ...ranked, thresholds: z.array(ClassThreshold).readonly() }),
    z.array(ClassFigures).readonly(),
  ),
  /**
   * A job with OracleResult, which is kept: of a model alone. Throws USAGE_NO_CANDIDATES for a file's evaluation, and
   * USAGE_MODEL_CHANGED where the checkpoint is another one now.
   */
  'evaluation.oracle': startsJob(z.strictObject(evaluation), OracleResult),
  /** Null until it was computed. */
  'evaluation.oracleResult': method(z.strictObject(evaluation), OracleResult.nullable()),
  'evaluation.saveThresholds': method(
    z.strictObject({ ...evaluation, thresholds: z.array(ClassThreshold).readonly() }),
    EvaluationEntry,
  ),
} as const
