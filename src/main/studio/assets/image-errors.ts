/** What went wrong with an image file, for people. */
import { CodedError } from '../../../core/errors.ts'

/** libvips lists every complaint of its reader, a line each; the last is the one that stopped it. */
export function imageReason(error: unknown): string {
  const message = (error as Error).message
  if (/unsupported image format/.test(message)) return 'not an image, or of a kind that is not read'
  return message.trim().split('\n').at(-1)!
}

/** An error of a decoder, which does not name the file, or of the file system. */
export function imageError(file: string, error: unknown): CodedError {
  if ((error as NodeJS.ErrnoException).syscall) return unreadable(file, error)
  const reason = imageReason(error)
  if (error instanceof CodedError) return new CodedError(error.code, `${file}: ${reason}`, error.remedy)
  return new CodedError('DATA_IMAGE_BROKEN', `${file}: ${reason}`, 'Its labels are kept. Replace the file', {
    cause: error,
  })
}

export function unreadable(file: string, error: unknown): CodedError {
  const { code, message } = error as NodeJS.ErrnoException
  const reason = code === 'ENOENT' ? 'there is no such file' : message
  return new CodedError(
    'DATA_IMAGE_UNREADABLE',
    `${file}: ${reason}`,
    'Its labels are kept. Bring the file back, or let the studio look for it again',
    { cause: error },
  )
}
