/**
 * TensorFlow.js on WebAssembly, for machines that TensorFlow's C library does not run on. Its kernels go forward only.
 * It takes SIMD where the CPU has SSE4.1 or NEON, and one thread: its threads are made for browsers and do not start
 * in Node.
 */
import { createRequire } from 'node:module'
import path from 'node:path'
import type * as tfjs from '@tensorflow/tfjs-core'

const require = createRequire(import.meta.url)
const BACKEND = '@tensorflow/tfjs-backend-wasm'

export async function loadWasmBackend(): Promise<typeof tfjs> {
  const tf: typeof tfjs = require('@tensorflow/tfjs-core')
  const { setWasmPaths } = require(BACKEND)
  setWasmPaths(path.dirname(require.resolve(BACKEND)) + path.sep)
  if (!(await tf.setBackend('wasm'))) throw new Error('WebAssembly does not start')
  return tf
}
