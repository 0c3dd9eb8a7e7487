import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { RUNTIME_RECORD, RuntimeRecord } from '../../../core/contract/runtime.ts'
import { CodedError, type WireError } from '../../../core/errors.ts'

/** Set by whoever starts the engine and sees that TensorFlow must not be loaded: the reason, as JSON. */
const { FCOS_NO_TENSORFLOW: fault } = process.env

/** Why TensorFlow is left alone although setup chose it. */
export function tensorflowFault(): CodedError | null {
  if (fault === undefined) return null
  const { code, message, remedy } = JSON.parse(fault) as WireError
  return new CodedError(code, message, remedy)
}

/** What setup chose, or ONNX Runtime alone where TensorFlow has a fault. Throws RUNTIME_MISSING where setup has not run. */
export function runtimeRecord(): RuntimeRecord {
  const record = readRecord()
  return fault === undefined ? record : { ...record, device: 'onnx', tensorflow: null, kernelsPath: null }
}

function readRecord(): RuntimeRecord {
  const path = fileURLToPath(new URL(`../../../../${RUNTIME_RECORD}`, import.meta.url))
  try {
    return RuntimeRecord.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    throw new CodedError(
      'RUNTIME_MISSING',
      'The engine is not set up on this machine',
      'Run `npm run setup`',
      { cause },
    )
  }
}
