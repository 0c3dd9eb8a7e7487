import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { RUNTIME_RECORD, RuntimeRecord } from '../../../core/contract/runtime.ts'
import { CodedError } from '../../../core/errors.ts'

/** Throws RUNTIME_MISSING where setup has not run. */
export function runtimeRecord(): RuntimeRecord {
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
