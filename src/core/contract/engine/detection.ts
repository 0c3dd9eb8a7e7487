/**
 * The outputs of a model: detections, the candidates from which they are selected, and the raw maps from which those are
 * decoded.
 */
import { z } from 'zod'
import type { HeadParameters, Outputs } from '../../detectors/detector.ts'
import type { ModelConfig } from '../../detectors/model-config.ts'
import type { Candidates } from '../../detectors/shared/candidates.ts'
import { Tiling } from '../../detectors/shared/tiles.ts'
import type { WireError } from '../../errors.ts'
import type { BoxXyxy, Size } from '../../geometry/box.ts'
import type { Ring } from '../../geometry/polygon.ts'
import { Path } from './images.ts'

const many = {
  model: Path,
  images: z.array(Path).min(1),
  /** Of each image, as its labels count it: one of another size is skipped. Null where there are no labels. */
  sizes: z.array(z.object({ width: z.int(), height: z.int() }).nullable()).optional(),
  /** Number of images of equal size to process together. */
  batch: z.int().positive(),
  /** Long side of the network's input in pixels; as trained where null. */
  size: z.int().positive().nullable(),
}

export const DetectRequest = z.object({
  method: z.literal('detect'),
  ...many,
  /** Minimum score of a detection. */
  score: z.number().min(0).max(1),
  /** Class-wise NMS suppresses boxes that overlap a better one by more than this IoU; null: the detector's own threshold. */
  nms: z.number().min(0).max(1).nullable(),
  /** Maximum number of detections per image, of a tiled one per tile. */
  limit: z.int().positive(),
  /** `auto` and left out: as the model learnt, or where images are much larger than what it learnt from. */
  tile: Tiling.optional(),
  /** Whether the network may round to bfloat16 where that is faster. Left out: no, since evaluations and comparisons need float32. */
  mayRound: z.boolean().optional(),
})
export type DetectRequest = z.infer<typeof DetectRequest>

/**
 * Each image's candidates, in tiles where `detect` takes those: selectDetections makes detections of them, for any score above `floor`
 * exactly those of `detect`, as often as a slider moves.
 */
export const CandidatesRequest = z.object({
  method: z.literal('candidates'),
  ...many,
  /** Candidates score above it, with the detector's quality or by class alone: 0.01. */
  floor: z.number().min(0).max(1),
})
export type CandidatesRequest = z.infer<typeof CandidatesRequest>

/** The raw outputs of one image. Answered beside a running job; the model stays loaded for the next. */
export const MapsRequest = z.object({
  method: z.literal('maps'),
  model: Path,
  image: Path,
  /** Long side of the network's input in pixels; as trained where null. */
  size: z.int().positive().nullable(),
})
export type MapsRequest = z.infer<typeof MapsRequest>

export interface ScoredBox {
  readonly box: BoxXyxy
  /** The object's outline in the same pixels, where the detector predicts one. */
  readonly segmentation?: readonly Ring[]
  readonly categoryId: number
  readonly score: number
}

/** How an image lay in the network's input; the detector's grid(input, config) is its geometry. */
export interface Frame {
  /** The source image in pixels, EXIF orientation applied. */
  readonly image: Size
  /** The image after resizing, at the input's top left. */
  readonly resized: Size
  /** The network's input, padding included. */
  readonly input: Size
}

export interface ModelInfo {
  /** With the input size that was used. */
  readonly config: ModelConfig
  /** [K] minimum score of each class, as recommended with the model; null if there is no recommendation. */
  readonly thresholds: readonly number[] | null
}

export interface DetectResult {
  readonly images: number
  readonly skipped: number
  readonly complete: boolean
  readonly classes: readonly { readonly id: number; readonly name: string }[]
}

export interface CandidatesResult {
  readonly images: number
  readonly skipped: number
  readonly complete: boolean
  readonly model: ModelInfo
}

export interface MapsResult extends Frame {
  readonly model: ModelInfo
  /** [L,channels] raw outputs of the head; the detector says what they mean. */
  readonly outputs: Outputs
  readonly parameters: HeadParameters
  /** [channels] as of `candidates`. */
  readonly embedding: Float32Array
  /** Whether `detect` and `candidates` would look at this image in tiles; here it is seen as a whole. */
  readonly isTiled: boolean
  readonly milliseconds: {
    /** Reading the model; 0 where it was loaded. */
    readonly load: number
    readonly decode: number
    /** Resizing and the network. */
    readonly network: number
  }
}

/** Images come in the order of the request; each is detected, gives candidates, or is skipped. */
export type DetectionEvent =
  /** The model's, before the first image of `detect`, and what it runs on: "ONNX Runtime 1.30.0, CPU". */
  | { readonly kind: 'classes'; readonly classes: DetectResult['classes']; readonly runtime: string }
  | ({
      readonly kind: 'detected'
      readonly index: number
      /** In how many tiles, where it was detected in tiles. */
      readonly tiles?: number | null
      readonly detections: readonly ScoredBox[]
    } & Size)
  | ({
      readonly kind: 'candidates'
      readonly index: number
      readonly candidates: Candidates
      readonly model: ModelInfo
      /** [channels] P5 averaged over the input: near images look alike. Not normalised. */
      readonly embedding: Float32Array
    } & Frame)
  | { readonly kind: 'skipped'; readonly index: number; readonly error: WireError }
