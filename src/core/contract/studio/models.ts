/** Models for the project's images, and what they find: proposals, never labels. */
import { z } from 'zod'
import { method, startsJob } from './method.ts'
import { Id, Ids, LocalPath, None, WireErrorValue } from './values.ts'

export const ModelEntry = z.object({
  /** The checkpoint. */
  path: LocalPath,
  /** Identifies it among the others, also in a proposal's `model`: "Run 3, best". */
  title: z.string(),
  origin: z.enum(['run', 'pretrained', 'file']),
})
export type ModelEntry = z.infer<typeof ModelEntry>

export const CurrentModel = ModelEntry.extend({
  /** Names this version of the file; goes with the addresses of what the model makes of images. */
  key: z.string(),
  /** What was in use before, where the studio itself put this model in use and nobody has chosen since. */
  replaced: ModelEntry.optional(),
})
export type CurrentModel = z.infer<typeof CurrentModel>

const Share = z.number().min(0).max(1)

/** Class-wise NMS and least score that make detections of candidates (core/detectors/shared/select.ts). */
export const SelectionValue = z.strictObject({ score: Share, nms: Share })

/** Result of detect.images. */
export const DetectionReport = z.object({
  /** Without those that were skipped. */
  images: z.int(),
  /** Images whose file cannot be read. */
  skipped: z.array(z.object({ image: Id, error: WireErrorValue })).readonly(),
  proposals: z.int(),
  /** Images whose candidates were already in the cache. */
  known: z.int(),
  /** Classes of the model that the project lacks, with how many were found and left out. */
  unknownClasses: z.array(z.object({ name: z.string(), found: z.int() })).readonly(),
  imagesPerSecond: z.number().nullable(),
})
export type DetectionReport = z.infer<typeof DetectionReport>

export const DETECTION_FORMATS = ['coco', 'csv', 'labelme', 'voc', 'yolo'] as const

/** Result of detect.files. */
export const FilesReport = z.object({
  images: z.int(),
  skipped: z.int(),
  detections: z.int(),
  /** Images in which more than MOST_DETECTIONS were found; the best ones are kept. */
  cut: z.int(),
  /** Null if nothing was left to detect, as above. */
  imagesPerSecond: z.number().nullable(),
})
export type FilesReport = z.infer<typeof FilesReport>

/** Why an image should be reviewed: values relative to the highest in the project, in [0, 1]. */
export const ReviewItem = z.object({
  image: Id,
  value: Share,
  uncertainty: Share,
  disagreement: Share,
  rarity: Share,
})
export type ReviewItem = z.infer<typeof ReviewItem>

export const MODEL_METHODS = {
  /** Checkpoints of the project's runs, newest first; pretrained detectors that are there; files that were chosen. */
  'models.list': method(None, z.array(ModelEntry).readonly()),
  /** The model in use for the project; null: none. */
  'models.current': method(None, CurrentModel.nullable()),
  /** Remembered for the project; null: none any more. A file of the user's own is listed from then on. Throws WEIGHTS_NOT_FOUND. */
  'models.use': method(z.strictObject({ path: LocalPath.nullable() }), CurrentModel.nullable()),

  /**
   * A job with DetectionReport: puts the model's guesses in the place of those that it made before, as one step. It
   * leaves out what a person has decided already (core/review/undecided.ts). Images whose candidates are known are not
   * computed again, so that a cancelled job goes on where it was. Throws USAGE_NO_MODEL.
   */
  'detect.images': startsJob(
    z.strictObject({
      images: z.union([z.strictObject({ query: z.string().max(10_000) }), z.strictObject({ ids: Ids })]),
      ...SelectionValue.shape,
      /** Add classes that the project lacks, where something of them is found. */
      addClasses: z.boolean(),
    }),
    DetectionReport,
  ),
  /**
   * A job with FilesReport: detections as files, of images of the project or of all in a folder outside it. One that was
   * cancelled or killed goes on where it was when it is started again with the same images, model, thresholds and output.
   * Throws WEIGHTS_NOT_FOUND, USAGE_QUERY. Its errors: USAGE_NO_IMAGES, DATA_EXISTS, WEIGHTS_*, ENGINE_*, IO_WRITE.
   */
  'detect.files': startsJob(
    z.strictObject({
      /** A checkpoint; the one in use stays so. */
      model: LocalPath,
      images: z.union([
        z.strictObject({ query: z.string().max(10_000) }),
        z.strictObject({ folder: LocalPath }),
      ]),
      /** A folder that is empty or new. */
      out: LocalPath,
      format: z.enum(DETECTION_FORMATS),
      /** Also the images with their detections drawn on them. */
      pictures: z.boolean(),
      ...SelectionValue.shape,
      /** By the model's class ids; a class without one has `score`. */
      thresholds: z.array(z.strictObject({ classId: z.int(), score: Share })).readonly(),
    }),
    FilesReport,
  ),

  /**
   * The most useful images first, no two alike one after the other, of those whose candidates are known and that nobody
   * has said are done. Throws USAGE_NO_MODEL.
   */
  'review.queue': method(
    z.strictObject({ query: z.string().max(10_000), limit: z.int().min(1).max(1000) }),
    z.object({
      items: z.array(ReviewItem).readonly(),
      /** Images that the query finds, and of how many of them the candidates are known. */
      images: z.int(),
      known: z.int(),
    }),
  ),
} as const
