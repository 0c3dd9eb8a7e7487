/** Faults of the machine, which reach the engine as errors of TensorFlow, V8 and the file system. */
import { CodedError } from '../../core/errors.ts'

const MEMORY =
  /OOM when allocating|ResourceExhausted|failed to allocate|bad_alloc|allocation failed|Invalid typed array length/i

/**
 * The fault of the machine that an error stands for, with a remedy; any other error unchanged.
 * @param kept what was saved before, as a sentence without its full stop.
 */
export function faultOf(error: unknown, kept: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'IO_DISK_FULL' || code === 'ENOSPC' || code === 'EDQUOT') {
    const what = code === 'IO_DISK_FULL' ? message : `The disk is full: ${message}`
    return new CodedError('IO_DISK_FULL', what, `${kept}. Free some space and go on`, { cause: error })
  }
  const foreign = !(error instanceof CodedError) || code === 'ENGINE_INTERNAL'
  if (foreign && error instanceof Error && MEMORY.test(message)) {
    return new CodedError(
      'RUNTIME_OUT_OF_MEMORY',
      `Memory ran out: ${message.split('\n')[0]}`,
      `${kept}. Try a smaller batch or input size`,
      { cause: error },
    )
  }
  return error
}
