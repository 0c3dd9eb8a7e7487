/** Describes what went wrong with an image file. */
import { CodedError, type ErrorCode } from '../../core/errors.ts'

/** libvips lists all messages of its reader, one per line, after the reader's name; the last one is the cause. */
function imageReason(error: unknown): string {
  const message = (error as Error).message
  if (isUnknownFormat(error)) return 'not an image, or in an unsupported format'
  return message
    .trim()
    .split('\n')
    .at(-1)!
    .replace(/^(Vips\w+|\w+(load|save)\w*): /, '')
}

const isUnknownFormat = (error: unknown): boolean => /unsupported image format/.test((error as Error).message)

/**
 * Adds the file's name to the error of a reader that does not know it.
 * @returns CodedError DATA_IMAGE_UNREADABLE (missing, no permission, or no regular file), DATA_IMAGE_FORMAT (not an image,
 * or in an unsupported format), DATA_IMAGE_TOO_LARGE, or DATA_IMAGE_BROKEN (truncated or corrupt).
 */
export function imageError(file: string, cause: unknown): CodedError {
  const coded = (code: ErrorCode, reason: string, remedy?: string): CodedError =>
    new CodedError(code, `${file}: ${reason}`, remedy, { cause })
  if (cause instanceof CodedError) return coded(cause.code, cause.message, cause.remedy)
  if (isOfFileSystem(cause)) {
    return coded(
      'DATA_IMAGE_UNREADABLE',
      fileReason(cause),
      'Bring the file back. Labels that it may have are kept',
    )
  }
  const reason = imageReason(cause)
  if (isUnknownFormat(cause)) return coded('DATA_IMAGE_FORMAT', reason, `Save it as ${FORMAT_NAMES}`)
  return coded('DATA_IMAGE_BROKEN', reason, 'Replace the file. Labels that it may have are kept')
}

/** Why a file or folder cannot be read. */
export function fileReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such file, or it is a broken link',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    ELOOP: 'a link that points to itself',
    EIO: 'the disk reported an error',
  }
  return (code && reasons[code]) ?? message
}

export const isOfFileSystem = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException).syscall !== undefined

export const FORMAT_NAMES = 'JPEG, PNG, WebP, BMP, TIFF, GIF or AVIF'
