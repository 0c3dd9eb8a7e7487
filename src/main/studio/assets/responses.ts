/** Answers in HTTP's terms, for any transport. */
import { CodedError, toWire } from '../../../core/errors.ts'
import type { Window } from '../../images/samples.ts'

export interface AssetResponse {
  readonly status: number
  /** Media type. */
  readonly type: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: Buffer | { readonly file: string }
}

/** Identifies a version of a file and the intensity window in which it is shown. */
export const tagOf = (key: string, window: Window | undefined): string =>
  `"${key}${window ? `-${window.low}-${window.high}` : ''}"`

export const notModified = (etag: string): AssetResponse => ({
  ...{ status: 304, type: 'application/octet-stream', body: Buffer.alloc(0) },
  headers: { etag, 'cache-control': 'no-cache' },
})

export function errorResponse(error: unknown): AssetResponse {
  return {
    status: error instanceof CodedError ? statusOf(error.code) : 500,
    type: 'application/json',
    headers: { 'cache-control': 'no-store' },
    body: Buffer.from(JSON.stringify(toWire(error))),
  }
}

function statusOf(code: string): number {
  if (code === 'USAGE_WINDOW') return 400
  if (code.startsWith('USAGE_') || code === 'DATA_IMAGE_UNREADABLE') return 404
  return code.startsWith('DATA_') ? 422 : 500
}
