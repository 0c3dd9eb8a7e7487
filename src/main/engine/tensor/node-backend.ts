/** tfjs-node: TensorFlow's own C library behind its binding, then this project's kernels where setup built them. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import type * as tfjs from '@tensorflow/tfjs-core'

const require = createRequire(import.meta.url)

/** @throws Error where the binding or a library it needs is missing or does not run on this CPU. */
export function loadNodeBackend(): typeof tfjs {
  // tfjs-node 4.22 calls two functions that Node 23 removed or deprecates. They must be there before its first import,
  // on the CommonJS object that it requires.
  const util: Record<string, unknown> = require('node:util')
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined
  util.isArray = Array.isArray
  return require('@tensorflow/tfjs-node-gpu')
}

/** Registers the fused kernels of native/ with TensorFlow; false where they were not built. */
export function loadKernels(path: string | null): boolean {
  if (path === null || !existsSync(path)) return false
  require(path)
  return true
}
