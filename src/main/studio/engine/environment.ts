/** What the engine's process is started with: the variables it needs and no others. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { RUNTIME_RECORD, RuntimeRecord } from '../../../core/contract/runtime.ts'
import { CodedError } from '../../../core/errors.ts'
import { CHECKOUT, type EnginePlace } from './place.ts'

const INHERITED = [
  'PATH',
  'HOME',
  'LANG',
  'TMPDIR',
  'LD_LIBRARY_PATH',
  'CUDA_VISIBLE_DEVICES',
  'TF_NUM_INTRAOP_THREADS',
  'TF_NUM_INTEROP_THREADS',
  'GLIBC_TUNABLES',
  // Without these two, Node and TensorFlow do not start on Windows.
  'SystemRoot',
  'TEMP',
]

/** oneDNN's switch: BF16 lets convolutions round. */
export const FAST_MATH = 'ONEDNN_DEFAULT_FPMATH_MODE'

/** @throws CodedError RUNTIME_MISSING where set-up has not run. */
export function readRuntimeRecord({ root }: EnginePlace = CHECKOUT): RuntimeRecord {
  const file = path.join(root, RUNTIME_RECORD)
  try {
    return RuntimeRecord.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    throw new CodedError(
      'RUNTIME_MISSING',
      'The engine is not set up in this checkout',
      'Run `npm run setup`',
      { cause },
    )
  }
}

/**
 * @param fastMath whether convolutions may round to bfloat16; undefined: where the CPU has AMX for it. The engine
 *   checks that the results agree before it relies on them.
 */
export function engineEnvironment(
  { libraryDirs, cpuFlags }: RuntimeRecord,
  fastMath: boolean = cpuFlags.includes('amx_bf16'),
  host: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const env: Record<string, string> = { TF_CPP_MIN_LOG_LEVEL: '3' }
  for (const name of INHERITED) if (host[name] !== undefined) env[name] = host[name]
  // CUDA's libraries are loaded by name, long after the binding's rpath has done its work.
  const libraries = [...libraryDirs, ...(env.LD_LIBRARY_PATH ? [env.LD_LIBRARY_PATH] : [])]
  if (libraries.length > 0) env.LD_LIBRARY_PATH = libraries.join(path.delimiter)
  if (fastMath) env[FAST_MATH] = 'BF16'
  return env
}
