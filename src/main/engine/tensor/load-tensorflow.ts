import { CodedError } from '../../../core/errors.ts'

/** Loads TensorFlow. @throws CodedError RUNTIME_BROKEN where its library is there but does not load after all. */
export async function loadTensorflow(): Promise<typeof import('./tensorflow.ts')> {
  try {
    return await import('./tensorflow.ts')
  } catch (cause) {
    throw new CodedError(
      'RUNTIME_BROKEN',
      `TensorFlow does not load: ${(cause as Error).message.split('\n')[0]}`,
      '`fcos doctor` checks it, and `npm run setup` repairs it',
      { cause },
    )
  }
}
