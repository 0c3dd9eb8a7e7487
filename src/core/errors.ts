/**
 * Errors that a user may see. They carry a stable code, cross process boundaries as plain data, and say in one
 * line what happened, where, and how to fix it.
 */

/** Whose fault it is: USAGE, DATA and WEIGHTS errors are fixed by the user, the others are faults of the program or machine. */
export type ErrorCode = `${'USAGE' | 'DATA' | 'WEIGHTS' | 'RUNTIME' | 'ENGINE' | 'TRAIN' | 'IO'}_${string}`

export interface WireError {
  readonly code: ErrorCode
  /** What happened and where, without a final full stop. */
  readonly message: string
  /** What was kept, and what to do. */
  readonly remedy?: string
}

export class CodedError extends Error {
  override readonly name = 'CodedError'
  readonly code: ErrorCode
  readonly remedy: string | undefined

  constructor(code: ErrorCode, message: string, remedy?: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.remedy = remedy
  }
}

/** An error as data. Anything that is not a CodedError becomes ENGINE_INTERNAL with its message. */
export function toWire(error: unknown): WireError {
  if (error instanceof CodedError) {
    return error.remedy === undefined
      ? { code: error.code, message: error.message }
      : { code: error.code, message: error.message, remedy: error.remedy }
  }
  if (isFileFault(error)) {
    const { reason, remedy } = fileFault(error)
    const message = `${error.path ?? 'A file'}: ${reason}`
    return { code: error.code === 'ENOSPC' ? 'IO_DISK_FULL' : 'IO_FILE', message, remedy }
  }
  return { code: 'ENGINE_INTERNAL', message: error instanceof Error ? error.message : String(error) }
}

interface FileFault extends Error {
  readonly code: string
  readonly syscall: string
  readonly path?: string
}

const isFileFault = (error: unknown): error is FileFault => {
  const { code, syscall } = error as Partial<FileFault>
  return error instanceof Error && typeof code === 'string' && code in FAULTS && typeof syscall === 'string'
}

/** What the file system's codes mean, and what to do. */
const FAULTS: Readonly<Record<string, readonly [reason: string, remedy: string]>> = {
  ENOENT: ['it does not exist', 'Check the path'],
  ENOTDIR: ['a part of the path is a file, not a folder', 'Check the path'],
  EISDIR: ['it is a folder', 'Give a file'],
  EEXIST: ['it exists already', 'Choose another name'],
  EACCES: ['this user may not read or write it', 'Change its permissions, or choose another place'],
  EPERM: ['this user may not change it', 'Change its permissions, or choose another place'],
  EROFS: ['the disk is read-only', 'Choose another place'],
  ENOSPC: ['the disk is full', 'Free some space and try again'],
  EDQUOT: ['the quota of this user is used up', 'Free some space and try again'],
  ENAMETOOLONG: ['its name is too long', 'Choose a shorter one'],
  ELOOP: ['its links lead round in a circle', 'Check the path'],
  EMFILE: ['too many files are open', 'Close other programs and try again'],
  EBUSY: ['another program uses it', 'Close that and try again'],
}

/** Why the file system refused, without a final full stop, and what to do. */
export function fileFault(error: unknown): { readonly reason: string; readonly remedy: string } {
  const [reason, remedy] = FAULTS[(error as FileFault).code] ?? [(error as Error).message, 'Try again']
  return { reason, remedy }
}

export function fromWire(wire: WireError): CodedError {
  return new CodedError(wire.code, wire.message, wire.remedy)
}

/** True for errors that the user fixes: wrong usage or bad input (the command line's exit status 2). */
export function isInputError(code: ErrorCode): boolean {
  return /^(USAGE|DATA|WEIGHTS)_/.test(code)
}

/** One line: what, where, how to fix it. */
export function describe(error: WireError): string {
  return error.remedy ? `${error.message}. ${error.remedy}` : error.message
}
