/** Predictions of pinned images, stored as one file per image and step, and served to windows; core/contract/pinned.ts says what is in it. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import type { PinnedPredictions } from '../../../core/contract/engine.ts'
import { encodePinned } from '../../../core/contract/pinned.ts'
import { CodedError } from '../../../core/errors.ts'
import { replaceFileSync } from '../../files/replace-file.ts'
import { type AssetResponse, errorResponse } from '../assets/responses.ts'
import type { RunStore } from './run-store.ts'

const FOLDER = 'pinned'
const NAME = /^(\d{8})-(\d)\.safetensors$/

const nameOf = (step: number, index: number): string =>
  `${String(step).padStart(8, '0')}-${index}.safetensors`

export function keepPinned(folder: string, seen: PinnedPredictions): void {
  mkdirSync(path.join(folder, FOLDER), { recursive: true })
  replaceFileSync(path.join(folder, FOLDER, nameOf(seen.step, seen.index)), encodePinned(seen))
}

/**
 * Steps for which the predictions of all images are stored, in rising order. A step that is being written does not
 * count yet.
 */
export function pinnedSteps(folder: string): number[] {
  const place = path.join(folder, FOLDER)
  const names = existsSync(place) ? readdirSync(place) : []
  const steps = Map.groupBy(
    names.flatMap((name) => NAME.exec(name)?.[1] ?? []),
    Number,
  )
  const all = Math.max(0, ...[...steps.values()].map((files) => files.length))
  return [...steps]
    .filter(([, files]) => files.length === all)
    .map(([step]) => step)
    .toSorted((a, b) => a - b)
}

/** Undefined if there is none. */
export function pinnedFile(folder: string, index: number, step: number): string | undefined {
  const file = path.join(folder, FOLDER, nameOf(step, index))
  return existsSync(file) ? file : undefined
}

const PINNED = /^\/asset\/run\/([\d-]{1,30})\/pinned\/(\d)$/

/**
 * Answers GET /asset/run/<run>/pinned/<index>?step.
 * @param openStore throws if no project is open
 */
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
