/**
 * Errors that a user may see. They carry a stable code, cross process boundaries as plain data, and say in one
 * line what happened, where, and how to mend it.
 */

/** Whose fault it is: USAGE, DATA and WEIGHTS errors are mended by the user, the others are faults of the program or machine. */
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
  return { code: 'ENGINE_INTERNAL', message: error instanceof Error ? error.message : String(error) }
}

export function fromWire(wire: WireError): CodedError {
  return new CodedError(wire.code, wire.message, wire.remedy)
}

/** True for errors that the user mends: wrong usage or bad input (the command line's exit status 2). */
export function isInputError(code: ErrorCode): boolean {
  return /^(USAGE|DATA|WEIGHTS)_/.test(code)
}

/** One line: what, where, how to mend. */
export function describe(error: WireError): string {
  return error.remedy ? `${error.message}. ${error.remedy}` : error.message
}
