/** Predictions of pinned images, one file per image and step; core/contract/pinned.ts says what is in it. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import type { PinnedPredictions } from '../../../core/contract/engine.ts'
import { encodePinned } from '../../../core/contract/pinned.ts'
import { replaceFileSync } from '../../files/replace-file.ts'

const FOLDER = 'pinned'
const NAME = /^(\d{8})-(\d)\.safetensors$/

const nameOf = (step: number, index: number): string =>
  `${String(step).padStart(8, '0')}-${index}.safetensors`

export function keepPinned(folder: string, seen: PinnedPredictions): void {
  mkdirSync(path.join(folder, FOLDER), { recursive: true })
  replaceFileSync(path.join(folder, FOLDER, nameOf(seen.step, seen.index)), encodePinned(seen))
}

/** Steps of which all images are kept, in rising order: one that is being written is none yet. */
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

/** Undefined where there is none. */
export function pinnedFile(folder: string, index: number, step: number): string | undefined {
  const file = path.join(folder, FOLDER, nameOf(step, index))
  return existsSync(file) ? file : undefined
}
