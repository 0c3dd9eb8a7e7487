/** What setup chose for this checkout and why: written by setup, read by the engine and `fcos doctor`. */
import { z } from 'zod'
import { CodedError } from '../errors.ts'

/** The record's place, relative to the package's root. */
export const RUNTIME_RECORD = 'node_modules/.fcos-runtime.json'

/** The state of a file when it was last checked. */
export const SealedFile = z.object({
  path: z.string(),
  bytes: z.number(),
  /** Of its last change, ms. */
  mtimeMs: z.number(),
  sha256: z.string(),
})
export type SealedFile = z.infer<typeof SealedFile>

/** The add-on of OpenVINO, with what it loads; or why this machine has none. */
const OpenvinoRecord = z.union([
  z.object({ addOn: z.string(), version: z.string(), files: z.array(SealedFile) }),
  z.object({ missing: z.string() }),
])
export type OpenvinoRecord = z.infer<typeof OpenvinoRecord>

export const RuntimeRecord = z.object({
  /** TensorFlow's version; null where the device is `onnx`. */
  tensorflow: z.string().nullable(),
  /** `onnx`: ONNX Runtime alone, where TensorFlow does not run. It detects and does not train. */
  device: z.enum(['cpu', 'gpu', 'onnx']),
  /** The compiled tfjs-node binding in the per-user cache; null on `onnx`. */
  bindingPath: z.string().nullable(),
  /** The fused CPU kernels; null where they could not be built: the engine then uses stock operations. */
  kernelsPath: z.string().nullable(),
  libraryDirs: z.array(z.string()),
  cpuFlags: z.array(z.string()),
  chosenBecause: z.array(z.string()),
  /** The libraries and add-ons that the engine loads, as setup saw them work. */
  files: z.array(SealedFile).default([]),
  /** An optional accelerator of detection. */
  openvino: OpenvinoRecord.default({ missing: 'Setup has not looked for it yet: run `npm run setup`' }),
})
export type RuntimeRecord = z.infer<typeof RuntimeRecord>

/** The runtime in one line. */
export function runtimeTitle({ tensorflow, device }: RuntimeRecord): string {
  return device === 'onnx'
    ? 'ONNX Runtime on the CPU: inference only, it cannot train'
    : `TensorFlow ${tensorflow} on the ${device.toUpperCase()}`
}

/** The answer of an engine without TensorFlow that is asked to train. */
export function inferenceOnly(): CodedError {
  return new CodedError(
    'RUNTIME_INFERENCE_ONLY',
    'The engine runs on ONNX Runtime alone here, which can detect but not train',
    'Fix the reason that `fcos doctor` gives and run `npm run setup`, or train on another machine and copy the checkpoint here',
  )
}

/**
 * What can detect: TensorFlow, ONNX Runtime on the CPU, OpenVINO on the CPU, which rounds to bfloat16, and ONNX Runtime on a GPU
 * through WebGPU, DirectML or Core ML.
 */
export const RuntimeName = z.enum(['tensorflow', 'onnx', 'openvino', 'webgpu', 'directml', 'coreml'])
export type RuntimeName = z.infer<typeof RuntimeName>

export const RUNTIME_TITLES: Readonly<Record<RuntimeName, string>> = {
  tensorflow: 'TensorFlow',
  onnx: 'ONNX Runtime',
  openvino: 'OpenVINO in bfloat16',
  webgpu: 'ONNX Runtime on WebGPU',
  directml: 'ONNX Runtime on DirectML',
  coreml: 'ONNX Runtime on Core ML',
}

/** What was measured, once, of a kind of model: which runtime detects with it, and why. */
export const DetectionSpeed = z.object({
  /** "lite0 FCOS, 416 × 320 px" */
  model: z.string(),
  runtime: RuntimeName,
  /** Of one image, the network alone, in milliseconds. Without those that were not measured. */
  ms: z.partialRecord(RuntimeName, z.number().positive()),
  /** Includes why a runtime was ruled out. */
  why: z.string(),
  /** ISO 8601, of the last measurement. */
  at: z.string(),
  /** Measurements; the least time of all of them counts, since other work on the machine only adds to it. */
  times: z.int(),
  /** Whether the machine had nothing else to do in one of them. */
  quiet: z.boolean(),
})
export type DetectionSpeed = z.infer<typeof DetectionSpeed>
/** By what the speed depends on. A file of the per-user cache. */
export const DetectionSpeeds = z.record(z.string(), DetectionSpeed)
export type DetectionSpeeds = z.infer<typeof DetectionSpeeds>
export const DETECTION_SPEEDS = 'detection-speeds.json'

/** "lite0 FCOS, 416 × 320 px: ONNX Runtime, 26 images/s (TensorFlow 16)" */
export function speedTitle({ model, runtime, ms }: DetectionSpeed): string {
  const rate = (of: number): string => (1000 / of).toFixed(of < 100 ? 0 : 1)
  const own = ms[runtime]
  const others = RuntimeName.options.flatMap((name) => {
    const of = ms[name]
    return of === undefined || name === runtime ? [] : [`${RUNTIME_TITLES[name]} ${rate(of)}`]
  })
  const rest = others.length > 0 ? ` (${others.join(', ')})` : ''
  const rounding = runtime === 'openvino' ? '; boxes and scores differ slightly from float32' : ''
  return `${model}: ${RUNTIME_TITLES[runtime]}${own ? `, ${rate(own)} images/s${rest}` : ''}${rounding}`
}
