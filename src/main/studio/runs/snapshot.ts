/** The data that a run learned from, and how much the project has changed since. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { EngineData, EngineImage } from '../../../core/contract/engine.ts'
import { RunData } from '../../../core/contract/run-data.ts'
import { RUN_FILES } from '../../../core/contract/run-record.ts'
import type { DataCount, RunDetail } from '../../../core/contract/studio/runs.ts'
import type { Ring } from '../../../core/geometry/polygon.ts'
import type { ProjectAnnotation } from '../../../core/project/model.ts'
import { engineOutline } from '../engine/engine-data.ts'
import type { Project } from '../project/index.ts'
import type { StoredRun } from './run-store.ts'

/** Undefined before the engine has begun. */
export function readSnapshot(folder: string): RunData | undefined {
  try {
    return RunData.parse(JSON.parse(readFileSync(path.join(folder, RUN_FILES.data), 'utf8')))
  } catch {
    return undefined
  }
}

export function countData({ categories, images }: EngineData): DataCount {
  const counts = new Map<number, number>()
  for (const image of images) {
    for (const [i, category] of image.categories.entries()) {
      if (image.crowds[i] === 0) counts.set(category, (counts.get(category) ?? 0) + 1)
    }
  }
  return {
    images: images.length,
    boxes: [...counts.values()].reduce((sum, count) => sum + count, 0),
    perClass: categories.map(({ id, name }) => ({ id, name, boxes: counts.get(id) ?? 0 })),
  }
}

/** Number of images that are compared at a time. */
const CHUNK = 500

/**
 * Compares box by box, regardless of their order.
 *
 * @param outlines whether the run learns from outlines, so that another outline is another object
 */
export function changesSince(
  project: Project,
  { data, validation }: RunData,
  outlines: boolean,
): NonNullable<RunDetail['changes']> {
  const then = new Map([...data.images, ...(validation?.images ?? [])].map((image) => [image.id, image]))
  const images: number[] = []
  let [addedBoxes, removedBoxes, gone] = [0, 0, 0]
  const ids = [...then.keys()]
  for (let start = 0; start < ids.length; start += CHUNK) {
    const chunk = ids.slice(start, start + CHUNK)
    const known = new Set(project.images.list(chunk).map(({ id }) => id))
    const now = project.annotations.ofImages(chunk)
    for (const [i, id] of chunk.entries()) {
      if (!known.has(id)) {
        gone++
        continue
      }
      const { added, removed } = difference(boxesOf(then.get(id)!, outlines), labelsOf(now[i]!, outlines))
      if (added + removed > 0) images.push(id)
      addedBoxes += added
      removedBoxes += removed
    }
  }
  return { images, addedBoxes, removedBoxes, gone }
}

/**
 * Whether one run's best AP is higher than another's on the same labels: of masks if both find outlines, else of boxes. What was
 * measured on other images or other labels, or not at all, cannot be compared.
 */
export function knownBetter(one: StoredRun, other: StoredRun): boolean {
  const [mine, theirs] = [one.summary.best, other.summary.best]
  if (!mine || !theirs) return false
  const byMasks = mine.maskAp !== undefined && theirs.maskAp !== undefined
  const [ap, before] = byMasks ? [mine.maskAp!, theirs.maskAp!] : [mine.ap, theirs.ap]
  return before >= 0 && ap > before && sameValidation(one.folder, other.folder, byMasks)
}

function sameValidation(one: string, other: string, outlines: boolean): boolean {
  const [mine, theirs] = [one, other].map((folder) => readSnapshot(folder)?.validation?.images)
  if (!mine || !theirs || mine.length !== theirs.length) return false
  const byId = new Map(theirs.map((image) => [image.id, image]))
  return mine.every((image) => {
    const same = byId.get(image.id)
    if (!same) return false
    const { added, removed } = difference(boxesOf(same, outlines), boxesOf(image, outlines))
    return added + removed === 0
  })
}

const boxesOf = ({ boxes, categories, outlines }: EngineImage, outlined: boolean): string[] =>
  Array.from(categories, (category, i) =>
    wording(category, [...boxes.subarray(4 * i, 4 * i + 4)], outlined ? outlines?.[i] : null),
  )

const labelsOf = (annotations: readonly ProjectAnnotation[], outlined: boolean): string[] =>
  annotations
    .filter(({ source }) => source !== 'proposed')
    .map(({ classId, box, segmentation }) =>
      wording(classId, box, outlined ? engineOutline(segmentation) : null),
    )

const wording = (
  classId: number,
  box: readonly number[],
  outline: readonly Ring[] | null | undefined,
): string => `${classId} ${box} ${outline?.join(' ') ?? ''}`

function difference(then: readonly string[], now: readonly string[]): { added: number; removed: number } {
  const left = new Map<string, number>()
  for (const box of then) left.set(box, (left.get(box) ?? 0) + 1)
  let kept = 0
  for (const box of now) {
    const count = left.get(box) ?? 0
    if (count === 0) continue
    left.set(box, count - 1)
    kept++
  }
  return { added: now.length - kept, removed: then.length - kept }
}
