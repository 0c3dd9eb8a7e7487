/** Answers GET /asset/run/…: what core/contract/pinned.ts tells. */
import { CodedError } from '../../../core/errors.ts'
import { type AssetResponse, errorResponse } from '../assets/responses.ts'
import { pinnedFile } from './pinned.ts'
import type { RunStore } from './run-store.ts'

const PINNED = /^\/asset\/run\/([\d-]{1,30})\/pinned\/(\d)$/

/** `openStore` throws where no project is open. */
export function respondRun(openStore: () => RunStore, path: string, query: URLSearchParams): AssetResponse {
  try {
    const [, run, index] = PINNED.exec(path) ?? []
    const step = query.get('step')
    if (run === undefined || !step || !/^\d{1,8}$/.test(step)) {
      throw new CodedError('USAGE_ADDRESS', 'There is nothing at this address')
    }
    const file = pinnedFile(openStore().get(run).folder, Number(index), Number(step))
    if (file === undefined) throw new CodedError('USAGE_ADDRESS', `There are no predictions of step ${step}`)
    const headers = { 'cache-control': 'no-store' }
    return { status: 200, type: 'application/octet-stream', headers, body: { file } }
  } catch (error) {
    return errorResponse(error)
  }
}
