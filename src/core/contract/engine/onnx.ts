/** Writes a model as an ONNX file, and checks that ONNX Runtime gives the same results. */
import { z } from 'zod'
import type { WireError } from '../../errors.ts'
import { Path } from './images.ts'

/** float16: of the weights, computed in float32. int8: of weights and activations, computed in integers. */
export const OnnxPrecision = z.enum(['float32', 'float16', 'int8'])
export type OnnxPrecision = z.infer<typeof OnnxPrecision>

const form = {
  /** The head's outputs instead of detections. */
  raw: z.boolean(),
  precision: OnnxPrecision,
  /** [K] minimum score of each class; null for those of the checkpoint. */
  thresholds: z.array(z.number().min(0).max(1)).nullable(),
}

/** A job, with `calibrated` events where the precision is int8. */
export const ExportOnnxRequest = z.object({
  method: z.literal('export-onnx'),
  model: Path,
  /** Replaced in one step. */
  out: Path,
  ...form,
  /** On which the ranges of int8's activations are measured; none for other precisions. */
  calibration: z.array(Path),
  /** The model card, Markdown; null to take that of the checkpoint. */
  card: z.string().nullable(),
})
export type ExportOnnxRequest = z.infer<typeof ExportOnnxRequest>

/** Detects in images with the file and with the model it was made of. A job, with `checked` events. */
export const CheckOnnxRequest = z.object({
  method: z.literal('check-onnx'),
  model: Path,
  file: Path,
  images: z.array(Path).min(1),
  ...form,
})
export type CheckOnnxRequest = z.infer<typeof CheckOnnxRequest>

/** Of int8: how many images its ranges were measured on, and why others could not be read. */
export interface Calibration {
  readonly images: number
  readonly skipped: readonly WireError[]
}

/**
 * How far a quantised model finds what the model itself finds. Confident detections of either, with scores from their class' threshold on
 * (0.4 without one), count as found by the other too where that has one of the same class with an IoU of at least 0.5 and a score within 0.1.
 */
export interface Agreement {
  /** Number of confident detections of both together … */
  readonly confident: number
  /** … and of those that the other finds too. */
  readonly found: number
  /** Means over those that the other finds too: of the IoU, … */
  readonly overlap: number
  /** … and of the difference of scores. */
  readonly score: number
}

export interface OnnxCheck {
  /** Number of images that were compared. */
  readonly images: number
  /** Number of detections of the model. */
  readonly detections: number
  /** The largest difference of a box's coordinate, in pixels of the network's input, … */
  readonly box: number
  /** … and of a score. */
  readonly score: number
  /** Number of images on which a detection is missing or new, or differs by more than 0.1 px or 1e-4 of score; of int8 0. */
  readonly differing: number
  /** Of int8, which cannot give the same to 0.1 px; `box` and `score` are 0 there. */
  readonly agreement: Agreement | null
  /** Why each image that was not compared could not be read. */
  readonly skipped: readonly WireError[]
  /** "ONNX Runtime 1.30.0" */
  readonly runtime: string
}
