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

export const RuntimeRecord = z.object({
  /** TensorFlow's version; TensorFlow.js's where the device is `wasm`. */
  tensorflow: z.string(),
  /** `wasm`: TensorFlow.js on WebAssembly, where TensorFlow's C library does not run. It detects and does not train. */
  device: z.enum(['cpu', 'gpu', 'wasm']),
  /** The compiled tfjs-node binding in the per-user cache; null on `wasm`. */
  bindingPath: z.string().nullable(),
  /** The fused CPU kernels; null where they could not be built: the engine then uses stock operations. */
  kernelsPath: z.string().nullable(),
  libraryDirs: z.array(z.string()),
  cpuFlags: z.array(z.string()),
  chosenBecause: z.array(z.string()),
  /** The libraries and add-ons that the engine loads, as setup saw them work. */
  files: z.array(SealedFile).default([]),
})
export type RuntimeRecord = z.infer<typeof RuntimeRecord>

/** The runtime in one line. */
export function runtimeTitle({ tensorflow, device }: RuntimeRecord): string {
  return device === 'wasm'
    ? `TensorFlow.js ${tensorflow} on WebAssembly: inference only, it cannot train`
    : `TensorFlow ${tensorflow} on the ${device.toUpperCase()}`
}

/** The answer of a runtime on WebAssembly that is asked to train. */
export function inferenceOnly(): CodedError {
  return new CodedError(
    'RUNTIME_INFERENCE_ONLY',
    'The engine runs on WebAssembly here, which can detect but not train',
    'Fix the reason that `fcos doctor` gives and run `npm run setup`, or train on another machine and copy the checkpoint here',
  )
}
