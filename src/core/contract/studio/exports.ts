/** Exports of models and of reports of runs. Labels are exported by project.export, detections by detect.files. */
import { z } from 'zod'
import { OnnxPrecision } from '../engine/onnx.ts'
import { ClassThreshold, EvaluationId } from './evaluation.ts'
import { method, startsJob } from './method.ts'
import { RunId } from './runs.ts'
import { Id, LocalPath, WireErrorValue } from './values.ts'

/** Number of images that int8 is calibrated on. Ranges hardly grow after some tens. */
export const CALIBRATION_IMAGES = 50
/** From fewer, what other images make of the activations is a guess. */
export const FEW_CALIBRATION_IMAGES = 10

export const ModelCard = z.object({
  /** Markdown. */
  card: z.string(),
  /** The classes of the model; null for weights that do not state them. */
  classes: z
    .array(z.object({ id: Id, name: z.string() }))
    .readonly()
    .nullable(),
  /** By the model's own class ids: those of the evaluation, if one is given, otherwise those in the file. */
  thresholds: z.array(ClassThreshold).readonly(),
})
export type ModelCard = z.infer<typeof ModelCard>

/** The detections of a fresh engine with the exported file, compared with those of the model. */
export const ModelCheck = z.object({
  /** Number of images that were compared. */
  images: z.int(),
  detections: z.int(),
  /**
   * Number of images on which they differ: in any bit of a box, score or class; for ONNX by more than 0.1 px or 1e-4
   * of score; 0 for int8, of which `agreement` tells.
   */
  differing: z.int(),
  /** Why each image that was not compared could not be read. */
  skipped: z.array(WireErrorValue).readonly(),
  /** The largest differences, of a coordinate in pixels of the network's input and of a score; null: none in any bit. */
  apart: z.object({ box: z.number(), score: z.number() }).nullable(),
  /**
   * Of int8: number of confident detections of the model and of the file together (with scores from their class' threshold on, 0.4
   * without one), how many of them the other finds too (IoU at least 0.5, scores within 0.1), and the means of those: of the IoU and
   * of the difference of scores.
   */
  agreement: z
    .object({ confident: z.int(), found: z.int(), overlap: z.number(), score: z.number() })
    .nullable(),
  /** The runtime that the file was tested in: "TensorFlow 2.18, CPU", "ONNX Runtime 1.30". */
  engine: z.string(),
})
export type ModelCheck = z.infer<typeof ModelCheck>

export const ModelExport = z.object({
  /** The weights, and beside them the card as text. */
  files: z.array(LocalPath).readonly(),
  bytes: z.int(),
  /** Null if no check was requested. */
  check: ModelCheck.nullable(),
  /** Of int8: number of images that it was calibrated on, and why others could not be read. */
  calibration: z.object({ images: z.int(), skipped: z.array(WireErrorValue).readonly() }).nullable(),
})
export type ModelExport = z.infer<typeof ModelExport>

export const ReportExport = z.object({
  path: LocalPath,
  bytes: z.int(),
  /** What is missing in the report, and why. */
  lacks: z.array(z.string()).readonly(),
})
export type ReportExport = z.infer<typeof ReportExport>

const DownloadId = z.uuid()

export const Download = z.object({
  /** Of the zip. */
  name: z.string(),
  bytes: z.int(),
  files: z.int(),
  /** Relative to the page's own address. */
  url: z.string(),
})
export type Download = z.infer<typeof Download>

export const EXPORT_METHODS = {
  /**
   * Drafts the card of a checkpoint: from its run, if it is one of the project's, and with thresholds of an evaluation,
   * those saved or else those of best F1. Throws WEIGHTS_NOT_FOUND, USAGE_EVALUATION.
   */
  'exports.card': method(
    z.strictObject({
      model: LocalPath,
      evaluation: EvaluationId.nullable(),
      /** Such as "Apache-2.0"; empty: none is named. */
      licence: z.string().max(200),
    }),
    ModelCard,
  ),
  /**
   * A job with ModelExport: the model in one file, safetensors or ONNX, with its card and thresholds inside. A model that
   * fails the check is not put in place. Its errors: DATA_EXISTS; ENGINE_CHECK; WEIGHTS_*; USAGE_THRESHOLDS, USAGE_ONNX, USAGE_CALIBRATION; IO_*, ENGINE_*, RUNTIME_*.
   */
  'exports.model': startsJob(
    z.strictObject({
      model: LocalPath,
      /** Ends in .safetensors or .onnx. */
      out: LocalPath,
      /**
       * An ONNX file instead of safetensors. `raw`: it gives the head's outputs instead of detections. `precision`: float16 halves the
       * size; int8 quarters it and is about twice as fast on a CPU, calibrated on images of the project.
       */
      onnx: z.strictObject({ raw: z.boolean(), precision: OnnxPrecision }).nullable().default(null),
      card: z.string().max(1_000_000),
      /** One for each class of the model; null: as the file has them. */
      thresholds: z.array(ClassThreshold).readonly().nullable(),
      /** On how many images of the project a fresh engine has to find the same. */
      check: z.int().min(0).max(1000),
      /** On how many images of the project int8 is calibrated. */
      calibrate: z.int().min(1).max(1000).default(CALIBRATION_IMAGES),
      overwrite: z.boolean(),
    }),
    ModelExport,
  ),
  /**
   * A job with ReportExport: one HTML file that needs no other and no network. It is measured anew, on the validation images
   * as they were labelled when the run began. Throws USAGE_RUN. Its errors: DATA_EXISTS, IO_WRITE, and while measuring
   * those of detecting.
   */
  'exports.report': startsJob(
    z.strictObject({ run: RunId, out: LocalPath, overwrite: z.boolean() }),
    ReportExport,
  ),

  /** Where to export to what a browser is to download: give `out` to the export, then pack. Ends earlier downloads. */
  'exports.beginDownload': method(
    z.strictObject({ name: z.string().regex(/^[^/\\]{1,200}$/) }),
    z.object({ id: DownloadId, out: LocalPath }),
  ),
  /** A job with Download. Its errors: USAGE_DOWNLOAD, IO_WRITE, IO_DISK_FULL. */
  'exports.packDownload': startsJob(z.strictObject({ id: DownloadId }), Download),
} as const
