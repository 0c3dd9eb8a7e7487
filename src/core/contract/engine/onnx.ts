/** Writes a model as an ONNX file, and checks that ONNX Runtime gives the same results. */
import { z } from 'zod'
import type { WireError } from '../../errors.ts'
import { Path } from './images.ts'

const form = {
  /** The head's outputs instead of detections. */
  raw: z.boolean(),
  /** Weights in float16, computing in float32. */
  half: z.boolean(),
}

export const ExportOnnxRequest = z.object({
  method: z.literal('export-onnx'),
  model: Path,
  /** Replaced in one step. */
  out: Path,
  ...form,
  /** [K] minimum score of each class, for the metadata; null to take those of the checkpoint. */
  thresholds: z.array(z.number().min(0).max(1)).nullable(),
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

export interface OnnxCheck {
  /** Number of images that were compared. */
  readonly images: number
  /** Number of detections of the model. */
  readonly detections: number
  /** The largest difference of a box's coordinate, in pixels of the network's input, … */
  readonly box: number
  /** … and of a score. */
  readonly score: number
  /** Number of images on which a detection is missing or new, or differs by more than 0.1 px or 1e-4 of score. */
  readonly differing: number
  /** Why each image that was not compared could not be read. */
  readonly skipped: readonly WireError[]
  /** "ONNX Runtime 1.30.0" */
  readonly runtime: string
}
