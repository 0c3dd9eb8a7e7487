/**
 * The engine's protocol. A client sends requests, the engine answers each with events and one result or error.
 * Messages are structured clones, so typed arrays travel as they are. The engine runs one job at a time.
 */
import { z } from 'zod'
import type { BoxXyxy } from '../geometry/box.ts'
import type { WireError } from './errors.ts'
import { TrainingFile, type TrainingOptions } from './training.ts'

const Path = z.string().min(1)

/** One image as the engine needs it: where it is, and its labelled boxes. */
export const EngineImage = z.object({
  id: z.int(),
  path: Path,
  width: z.int().min(0),
  height: z.int().min(0),
  /** [n·4] x1, y1, x2, y2 in image pixels */
  boxes: z.instanceof(Float64Array),
  /** [n] category ids */
  categories: z.instanceof(Int32Array),
  /** [n] 1 for crowd regions: no training target, ignored in evaluation. */
  crowds: z.instanceof(Uint8Array),
  /** [n] COCO areas in px²: what evaluation sorts objects by. */
  areas: z.instanceof(Float64Array),
})
export type EngineImage = z.infer<typeof EngineImage>

export const EngineData = z.object({
  categories: z.array(z.object({ id: z.int(), name: z.string() })).min(1),
  images: z.array(EngineImage).min(1),
})
export type EngineData = z.infer<typeof EngineData>

export const TrainRequest = z.object({
  method: z.literal('train'),
  /** The run's folder. */
  out: Path,
  /** A pretrained model's weights file, or a checkpoint of ours to go on from; null to start from nothing. */
  weights: Path.nullable(),
  /** Of a run that starts from nothing; weights bring their own. */
  architecture: z.enum(['r50', 'lite0']),
  data: EngineData,
  validation: EngineData.nullable(),
  options: TrainingFile,
  /** Go on from the last state saved in `out`. */
  resume: z.boolean(),
})
export type TrainRequest = z.infer<typeof TrainRequest>

export const DetectRequest = z.object({
  method: z.literal('detect'),
  model: Path,
  images: z.array(Path).min(1),
  /** Least score of a detection. */
  score: z.number().min(0).max(1),
  /** Class-wise NMS suppresses boxes that overlap a better one by more than this IoU. */
  nms: z.number().min(0).max(1),
  /** Most detections per image. */
  limit: z.int().positive(),
  /** Images of one size that run together. */
  batch: z.int().positive(),
  /** Long side of the network's input in pixels; as trained where null. */
  size: z.int().positive().nullable(),
})
export type DetectRequest = z.infer<typeof DetectRequest>

export const BenchRequest = z.object({
  method: z.literal('bench'),
  architecture: z.enum(['r50', 'lite0']),
  height: z.int().positive(),
  width: z.int().positive(),
  runs: z.int().positive(),
  train: z.boolean(),
})
export type BenchRequest = z.infer<typeof BenchRequest>

/** Stops the running job at its next step; a training run saves its state first, then answers with its result so far. */
export const CancelRequest = z.object({ method: z.literal('cancel'), job: z.int() })

export const EngineRequest = z.discriminatedUnion('method', [
  TrainRequest,
  DetectRequest,
  BenchRequest,
  CancelRequest,
])
export type EngineRequest = z.infer<typeof EngineRequest>

/** What travels to the engine. */
export const EngineCall = z.object({ id: z.int(), request: EngineRequest })
export type EngineCall = z.infer<typeof EngineCall>

/** Sent once, when the engine can take requests. */
export interface EngineHello {
  /** TensorFlow's version; on WebAssembly TensorFlow.js's. */
  readonly tensorflow: string
  readonly node: string
  /** WebAssembly detects and does not train: RUNTIME_INFERENCE_ONLY. */
  readonly device: 'cpu' | 'gpu' | 'wasm'
  /** Whether the fused CPU kernels are in use. */
  readonly nativeKernels: boolean
  /** Whether convolutions may round to bfloat16, and a check says that they do so within its precision. */
  readonly fastMath: boolean
  readonly pid: number
  /** Echoes a typed array, so that a client of another V8 learns at once whether clones arrive whole. */
  readonly probe: Float32Array
}

export interface TrainStep {
  readonly step: number
  readonly steps: number
  readonly loss: number
  readonly classification: number
  readonly box: number
  readonly centerness: number
  /** The centerness loss above what its targets' entropy leaves: 0 is perfect. */
  readonly centernessExcess: number
  readonly rate: number
  readonly gradientNorm: number
  readonly positives: number
  readonly imagesPerSecond: number
  readonly remainingSeconds: number
}

export interface Evaluated {
  readonly step: number
  /** pycocotools' 12 numbers in its order. */
  readonly stats: readonly number[]
  readonly perCategory: readonly {
    readonly id: number
    readonly name: string
    readonly ap: number
    readonly ap50: number
  }[]
}

export interface ScoredBox {
  readonly box: BoxXyxy
  readonly categoryId: number
  readonly score: number
}

export type EngineEvent =
  | {
      readonly kind: 'plan'
      readonly options: TrainingOptions
      readonly canvas: { readonly width: number; readonly height: number }
      /** What was loaded from the weights, what was not, and why. */
      readonly loaded: string | null
      readonly resumedFrom: number | null
    }
  | ({ readonly kind: 'step' } & TrainStep)
  | ({ readonly kind: 'evaluated'; readonly best: boolean } & Evaluated)
  /** Something the user should know; the job goes on. */
  | { readonly kind: 'note'; readonly message: string }
  /** Images come in the order of the request. */
  | {
      readonly kind: 'detected'
      readonly index: number
      readonly width: number
      readonly height: number
      readonly detections: readonly ScoredBox[]
    }
  | { readonly kind: 'skipped'; readonly index: number; readonly error: WireError }

export interface TrainResult {
  readonly steps: number
  /** False when it was cancelled before its last step; it can be resumed. */
  readonly complete: boolean
  /** The checkpoint with the best validation AP, or the last one without validation images. */
  readonly checkpoint: string
  readonly evaluation: Evaluated | null
}
export interface DetectResult {
  readonly images: number
  readonly skipped: number
  readonly complete: boolean
  readonly classes: readonly { readonly id: number; readonly name: string }[]
}
export interface BenchResult {
  readonly inferMs: number
  readonly trainMs: number | null
  readonly peakMb: number
  readonly threads: number
}

export interface EngineResults {
  train: TrainResult
  detect: DetectResult
  bench: BenchResult
  cancel: null
}

/** What travels from the engine. */
export type EngineMessage =
  | { readonly kind: 'hello'; readonly hello: EngineHello }
  | { readonly kind: 'event'; readonly id: number; readonly event: EngineEvent }
  | { readonly kind: 'result'; readonly id: number; readonly result: EngineResults[keyof EngineResults] }
  | { readonly kind: 'error'; readonly id: number; readonly error: WireError }
