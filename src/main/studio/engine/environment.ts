/** The environment of the engine's process: the variables that it needs and no others. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import {
  DetectionSpeeds,
  RUNTIME_RECORD,
  RuntimeRecord,
  type SealedFile,
} from '../../../core/contract/runtime.ts'
import { CodedError, describe, toWire } from '../../../core/errors.ts'
import { replaceFileSync } from '../../files/replace-file.ts'
import { checkSeal } from '../../setup/seal.ts'
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
  // Where Vulkan finds the GPU's driver.
  'VK_DRIVER_FILES',
  'VK_ICD_FILENAMES',
  'XDG_DATA_DIRS',
  'XDG_RUNTIME_DIR',
  // Without these two, Node and TensorFlow do not start on Windows.
  'SystemRoot',
  'TEMP',
]

/** A setting of oneDNN: with BF16, convolutions may round to bfloat16. */
export const FAST_MATH = 'ONEDNN_DEFAULT_FPMATH_MODE'

/** Empty if nothing was measured yet. */
export function readSpeeds(file: string): DetectionSpeeds {
  try {
    return DetectionSpeeds.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return {}
  }
}

/** @throws CodedError RUNTIME_MISSING where setup has not run. */
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
 * Checks that the libraries and add-ons are the ones that setup tested, because a truncated library may fail to load
 * or give wrong results.
 * @throws CodedError RUNTIME_DAMAGED, naming the file.
 */
export async function requireIntact(record: RuntimeRecord, { root }: EnginePlace = CHECKOUT): Promise<void> {
  const files = await intact(record.files)
  if (files.every((file, i) => file === record.files[i])) return
  try {
    // The files were rewritten with the same content, so that they need not be hashed next time.
    replaceFileSync(path.join(root, RUNTIME_RECORD), `${JSON.stringify({ ...record, files }, null, 2)}\n`)
  } catch {
    // Then it is.
  }
}

/** Why OpenVINO's files must not be loaded: they are not the ones that setup tested. Undefined where they are, or there are none. */
export async function openvinoDamage({ openvino }: RuntimeRecord): Promise<string | undefined> {
  if ('missing' in openvino) return undefined
  return intact(openvino.files).then(
    () => undefined,
    (error: Error) => describe(toWire(error)),
  )
}

/** The seals of the files as they are now. @throws CodedError RUNTIME_DAMAGED, naming the file that is not the sealed one. */
async function intact(seals: readonly SealedFile[]): Promise<SealedFile[]> {
  const files: SealedFile[] = []
  for (const seal of seals) {
    const found = await checkSeal(seal)
    if (typeof found === 'string') {
      throw new CodedError(
        'RUNTIME_DAMAGED',
        `${seal.path} ${found}, so it is not loaded`,
        'Nothing was lost. `npm run setup` repairs it',
      )
    }
    files.push(found)
  }
  return files
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
  // CUDA's libraries are loaded by name later on, when the binding's rpath no longer applies.
  const libraries = [...libraryDirs, ...(env.LD_LIBRARY_PATH ? [env.LD_LIBRARY_PATH] : [])]
  if (libraries.length > 0) env.LD_LIBRARY_PATH = libraries.join(path.delimiter)
  if (fastMath) env[FAST_MATH] = 'BF16'
  return env
}
