/** Loads a binding in a child process, so that a wrong CPU or a missing library kills only the child. */

import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { CodedError } from '../../core/errors.ts'
import { run } from '../process/run.ts'
import { PROJECT } from './binding.ts'

const answerSchema = z.object({ version: z.string(), gpu: z.boolean(), kernels: z.boolean() })

const SCRIPT = `const [binding, kernels] = process.argv.slice(1)
const { TF_Version: version, isUsingGpuDevice } = require(binding)
const loads = (file) => { try { return Boolean(file) && require(file) === true } catch { return false } }
console.log(JSON.stringify({ version, gpu: isUsingGpuDevice(), kernels: loads(kernels) }))`

export interface SelfCheck {
  /** TensorFlow's version, as the binding reports it. */
  readonly version: string
  /** Whether the project's kernels load beside it. */
  readonly kernels: boolean
}

/** @throws CodedError RUNTIME_BROKEN if it does not load, RUNTIME_GPU_UNUSED if it should find a GPU and does not. */
export async function selfCheck(
  bindingPath: string,
  device: 'cpu' | 'gpu',
  kernelsPath: string | null,
): Promise<SelfCheck> {
  const result = await run(process.execPath, ['-e', SCRIPT, bindingPath, kernelsPath ?? ''], {
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '1' },
    timeoutMs: 120_000,
  })
  const answer = answerSchema.safeParse(parseLastLine(result.stdout))
  if (result.status !== 0 || !answer.success)
    throw new CodedError(
      'RUNTIME_BROKEN',
      `TensorFlow does not load: ${complaint(result.stderr)}`,
      'Run `npm run setup` again after removing the folder that `fcos doctor` names as the cache',
    )
  if (device === 'gpu' && !answer.data.gpu)
    throw new CodedError(
      'RUNTIME_GPU_UNUSED',
      `TensorFlow finds no GPU although nvidia-smi does: ${complaint(result.stderr)}`,
      'CUDA 12 needs an NVIDIA driver 525 or newer',
    )
  return answer.data
}

const WASM_LOADER = pathToFileURL(path.join(PROJECT, 'src/main/engine/tensor/wasm-backend.ts'))
const WASM_SCRIPT = `const { loadWasmBackend } = await import('${WASM_LOADER}')
const tf = await loadWasmBackend()
const sum = tf.sum(tf.ones([2, 3])).dataSync()[0]
console.log(JSON.stringify({ version: tf.version_core, sum }))`
const wasmAnswer = z.object({ version: z.string(), sum: z.literal(6) })

/** TensorFlow.js's version on WebAssembly. @throws CodedError RUNTIME_BROKEN if it does not load and compute. */
export async function checkWasm(): Promise<string> {
  const result = await run(process.execPath, ['--input-type=module', '-e', WASM_SCRIPT], {
    timeoutMs: 60_000,
  })
  const answer = wasmAnswer.safeParse(parseLastLine(result.stdout))
  if (answer.success) return answer.data.version
  throw new CodedError(
    'RUNTIME_BROKEN',
    `TensorFlow.js on WebAssembly does not load: ${complaint(result.stderr)}`,
    'Remove node_modules and run `npm run setup` again',
  )
}

function parseLastLine(text: string): unknown {
  try {
    return JSON.parse(text.trim().split('\n').at(-1) ?? '')
  } catch {
    return undefined
  }
}

function complaint(stderr: string): string {
  const lines = stderr.trim().split('\n')
  return (
    lines.find((line) => /error|SIGILL|cannot|could not|failed/i.test(line)) ??
    lines.at(-1) ??
    ''
  ).trim()
}
