/** The positive locations of a batch, gathered from the images' targets into flat arrays. */
import { BACKGROUND } from '../assign.ts'
import type { Pyramid } from '../levels.ts'
import type { Positives } from '../targets.ts'
import { IGNORED } from './focal.ts'

/** What the locations of one image must learn; those in neither list are background. */
export interface ImageTargets {
  readonly positives: Positives
  /** Class index in 0…K−1 of each box that positives.gt points to. */
  readonly classes: Int32Array
  /** Locations left out of the classification loss. */
  readonly ignored?: Int32Array
}

/** P positives of N images. A row is image·L + location. */
export interface BatchPositives {
  /** [N·L] class of each row, BACKGROUND or IGNORED. */
  readonly classOfRow: Int32Array
  /** [P] */
  readonly rows: Int32Array
  /** [P] index into Pyramid.levels of each. */
  readonly levels: Int32Array
  /** [P,4] distances l, t, r, b in pixels. */
  readonly ltrb: Float32Array
  /** [P] */
  readonly centerness: Float32Array
}

/** @throws RangeError if a location or class lies outside L or K: these targets are for another input size or model. */
export function gatherPositives(
  images: readonly ImageTargets[],
  { levels, locations }: Pyramid,
  classCount: number,
): BatchPositives {
  const count = images.reduce((sum, { positives }) => sum + positives.location.length, 0)
  const batch = {
    classOfRow: new Int32Array(images.length * locations).fill(BACKGROUND),
    rows: new Int32Array(count),
    levels: new Int32Array(count),
    ltrb: new Float32Array(count * 4),
    centerness: new Float32Array(count),
  }
  let at = 0
  for (const [image, { positives, classes, ignored = [] }] of images.entries()) {
    const firstRow = image * locations
    for (const location of ignored) batch.classOfRow[firstRow + location] = IGNORED
    batch.ltrb.set(positives.ltrb, at * 4)
    batch.centerness.set(positives.centerness, at)
    for (const [i, location] of positives.location.entries()) {
      const label = classes[positives.gt[i]]
      if (!(location >= 0 && location < locations))
        throw new RangeError(`location ${location} of ${locations}`)
      if (!(label >= 0 && label < classCount)) throw new RangeError(`class ${label} of ${classCount}`)
      batch.classOfRow[firstRow + location] = label
      batch.rows[at] = firstRow + location
      batch.levels[at] = levels.findLastIndex(({ first }) => first <= location)
      at++
    }
  }
  return batch
}
