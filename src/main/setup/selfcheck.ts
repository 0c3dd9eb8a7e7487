/** Loads a binding in a child process, so that a wrong CPU or a missing library kills only the child. */

import { z } from 'zod'
import { CodedError } from '../../core/errors.ts'
import { complaintOf } from '../process/complaint.ts'
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
      `TensorFlow does not load: ${complaintOf(result.stderr)}`,
      'Run `npm run setup` again after removing the folder that `fcos doctor` names as the cache',
    )
  if (device === 'gpu' && !answer.data.gpu)
    throw new CodedError(
      'RUNTIME_GPU_UNUSED',
      `TensorFlow finds no GPU although nvidia-smi does: ${complaintOf(result.stderr)}`,
      'CUDA 12 needs an NVIDIA driver 525 or newer',
    )
  return answer.data
}

const ONNX_SCRIPT = `const { env } = await import('onnxruntime-node')
console.log(JSON.stringify({ version: env.versions.node }))`
const onnxAnswer = z.object({ version: z.string() })

/** ONNX Runtime's version. @throws CodedError RUNTIME_BROKEN if its library does not load. */
export async function checkOnnx(): Promise<string> {
  const result = await run(process.execPath, ['--input-type=module', '-e', ONNX_SCRIPT], {
    cwd: PROJECT,
    timeoutMs: 60_000,
  })
  const answer = onnxAnswer.safeParse(parseLastLine(result.stdout))
  if (answer.success) return answer.data.version
  throw new CodedError(
    'RUNTIME_BROKEN',
    `ONNX Runtime does not load: ${complaintOf(result.stderr)}`,
    'Linux with glibc 2.28 or newer, Windows, and macOS on Apple silicon can run it; there, remove node_modules and run `npm run setup` again',
  )
}

function parseLastLine(text: string): unknown {
  try {
    return JSON.parse(text.trim().split('\n').at(-1) ?? '')
  } catch {
    return undefined
  }
}
