/**
 * The engine's protocol. A client sends requests, the engine answers each with events and one result or error. Messages are
 * structured clones, so typed arrays travel as they are.
 *
 * The engine runs one job at a time. `maps`, `training-input` and `export-model` are answered between the steps of a job.
 * Clients that do not want to wait for a step, which may take seconds, use another engine.
 */
import { z } from 'zod'
import { ARCHITECTURES } from '../detectors/architectures.ts'
import type { WireError } from '../errors.ts'
import { type AssistEvent, AssistLabelsRequest, AssistRequest, type AssistResult } from './engine/assist.ts'
import {
  CandidatesRequest,
  type CandidatesResult,
  type DetectionEvent,
  DetectRequest,
  type DetectResult,
  MapsRequest,
  type MapsResult,
} from './engine/detection.ts'
import { Path } from './engine/images.ts'
import { type Calibration, CheckOnnxRequest, ExportOnnxRequest, type OnnxCheck } from './engine/onnx.ts'
import {
  BeginRequest,
  ProbeRequest,
  type ProbeResult,
  type TrainingEvent,
  type TrainingInput,
  TrainingInputRequest,
  TrainRequest,
  type TrainResult,
} from './engine/training.ts'

import type { RunRecord } from './run-record.ts'
import type { RuntimeName } from './runtime.ts'

export * from './engine/assist.ts'
export * from './engine/detection.ts'
export { EngineData, EngineImage } from './engine/images.ts'
export * from './engine/onnx.ts'
export * from './engine/training.ts'

export const BenchRequest = z.object({
  method: z.literal('bench'),
  /** FCOS where undefined. */
  detector: z.string().optional(),
  architecture: z.enum(ARCHITECTURES),
  height: z.int().positive(),
  width: z.int().positive(),
  runs: z.int().positive(),
  train: z.boolean(),
  /** Whether runtimes are measured that round to bfloat16. */
  mayRound: z.boolean().optional(),
})
export type BenchRequest = z.infer<typeof BenchRequest>

/** Writes a checkpoint with more metadata: the same weights, with a model card and recommended thresholds. */
export const ExportModelRequest = z.object({
  method: z.literal('export-model'),
  model: Path,
  /** May be `model` itself. Replaced in one step. */
  out: Path,
  /** [K] minimum score of each class; null to keep those of the checkpoint. */
  thresholds: z.array(z.number().min(0).max(1)).nullable(),
  /** The model card, Markdown; null to keep that of the checkpoint. */
  card: z.string().nullable(),
})
export type ExportModelRequest = z.infer<typeof ExportModelRequest>

/**
 * Stops a job at its next step; a training run saves its state first, then answers with its result so far. Takes
 * requests beside a job out of the queue: they fail with ENGINE_CANCELLED.
 */
export const CancelRequest = z.object({ method: z.literal('cancel'), job: z.int() })
/** Holds a job after its step; a training run saves its state first. The engine stays responsive. */
export const PauseRequest = z.object({ method: z.literal('pause'), job: z.int() })
/** Continues a paused job. */
export const ContinueRequest = z.object({ method: z.literal('continue'), job: z.int() })

export const EngineRequest = z.discriminatedUnion('method', [
  TrainRequest,
  BeginRequest,
  AssistRequest,
  AssistLabelsRequest,
  ProbeRequest,
  DetectRequest,
  CandidatesRequest,
  BenchRequest,
  MapsRequest,
  TrainingInputRequest,
  ExportModelRequest,
  ExportOnnxRequest,
  CheckOnnxRequest,
  CancelRequest,
  PauseRequest,
  ContinueRequest,
])
export type EngineRequest = z.infer<typeof EngineRequest>

/** What travels to the engine. */
export const EngineCall = z.object({ id: z.int(), request: EngineRequest })
export type EngineCall = z.infer<typeof EngineCall>

/** Sent once, when the engine is ready for requests. */
export interface EngineHello {
  /** TensorFlow's version; null where it is missing. */
  readonly tensorflow: string | null
  readonly node: string
  /** `onnx` detects and does not train: RUNTIME_INFERENCE_ONLY. */
  readonly device: 'cpu' | 'gpu' | 'onnx'
  /** Whether the fused CPU kernels are in use. */
  readonly nativeKernels: boolean
  /** Whether convolutions may round to bfloat16, and a check says that they do so within its precision. */
  readonly fastMath: boolean
  readonly pid: number
  /** Echoes a typed array, so that a client of another V8 learns at once whether clones arrive whole. */
  readonly probe: Float32Array
}

export type EngineEvent =
  | TrainingEvent
  | AssistEvent
  | DetectionEvent
  /** Something the user should know; the job continues. */
  | { readonly kind: 'note'; readonly message: string }
  /** Images that `export-onnx` has calibrated on. */
  | { readonly kind: 'calibrated'; readonly done: number }
  /** Images that `check-onnx` has done. */
  | { readonly kind: 'checked'; readonly done: number }
  /** The job waits; a training run's state is saved. */
  | { readonly kind: 'paused' }
  | { readonly kind: 'continued' }

export interface BenchResult {
  /** Detection of one image, on each runtime that was measured. */
  readonly detectMs: Readonly<Partial<Record<RuntimeName, number>>>
  readonly trainMs: number | null
  readonly peakMb: number
  readonly threads: number
}

export interface EngineResults {
  train: TrainResult
  begin: RunRecord
  assist: AssistResult
  'assist-labels': null
  probe: ProbeResult
  detect: DetectResult
  candidates: CandidatesResult
  bench: BenchResult
  maps: MapsResult
  'training-input': TrainingInput
  'export-model': null
  'export-onnx': Calibration | null
  'check-onnx': OnnxCheck
  cancel: null
  pause: null
  continue: null
}

/** What travels from the engine. */
export type EngineMessage =
  | { readonly kind: 'hello'; readonly hello: EngineHello }
  | { readonly kind: 'event'; readonly id: number; readonly event: EngineEvent }
  | { readonly kind: 'result'; readonly id: number; readonly result: EngineResults[keyof EngineResults] }
  | { readonly kind: 'error'; readonly id: number; readonly error: WireError; readonly stack?: string }
