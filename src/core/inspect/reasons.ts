/** Best possible recall (FCOS section 4.1): the share of ground-truth boxes that at least one cell learns, and why others do not. */
import { type Assignment, BACKGROUND } from '../detectors/assigner.ts'
import type { ObstacleCause } from '../detectors/fcos/explain.ts'
import type { Size } from '../geometry/box.ts'

/** `lost`: other boxes took all its cells. The rest is the detector's word for what is in the way, see Assignment.obstacle. */
export type UnlearnableCause = ObstacleCause | 'lost'

export interface UnlearnableReason {
  readonly gt: number
  readonly cause: UnlearnableCause
  /** The cause in a few words, to be counted. */
  readonly title: string
  /** The boxes that took its cells, ascending; empty unless the cause is `lost`. */
  readonly lostTo: readonly number[]
  /** One sentence without a full stop. */
  describe(name: string, nameOf: (gt: number) => string | number): string
}

/** How many of the locations `start` … `end` − 1 learn each of N boxes: [N]. A box that none of all L learns lowers the recall. */
export function locationsPerBox(
  matched: Int32Array,
  boxes: number,
  start = 0,
  end = matched.length,
): Int32Array {
  const counts = new Int32Array(boxes)
  for (let location = start; location < end; location++) {
    const gt = matched[location]
    if (gt !== BACKGROUND) counts[gt]++
  }
  return counts
}

/** The boxes that some cell learns in `matched` [C], in ascending order. Looks at eligible cells only, which are few of all. */
export function learnedBoxes(assignment: Assignment, matched: Int32Array): number[] {
  return [...Array(assignment.boxes.length / 4).keys()].filter((gt) => {
    let found = false
    assignment.eligible(gt, (start, end) => {
      for (let cell = start; cell < end && !found; cell++) found = matched[cell] === gt
    })
    return found
  })
}

/** Whether any cell learns box `gt`, by looking at its own cells alone. */
export function isLearnable(assignment: Assignment, gt: number): boolean {
  const wins = (rival: number, cell: number): boolean => {
    const [theirs, own] = [assignment.strength(rival, cell), assignment.strength(gt, cell)]
    return theirs > own || (theirs === own && rival < gt)
  }
  let rivals: readonly number[] | undefined
  return assignment.grid.levels.some((_, level) => {
    let left: number[] = []
    const collect = (start: number, end: number): void => {
      for (let cell = start; cell < end; cell++) {
        if (assignment.strength(gt, cell) > Number.NEGATIVE_INFINITY) left.push(cell)
      }
    }
    assignment.eligible(gt, collect, level)
    if (left.length === 0) return false
    rivals ??= assignment.rivals(gt)
    for (const rival of rivals) {
      if (left.length === 0) break
      // Runs and `left` both ascend, so one walk along both finds what they share.
      const kept: number[] = []
      let at = 0
      const take = (start: number, end: number): void => {
        while (at < left.length && left[at] < start) kept.push(left[at++])
        for (; at < left.length && left[at] < end; at++) if (!wins(rival, left[at])) kept.push(left[at])
      }
      assignment.eligible(rival, take, level)
      while (at < left.length) kept.push(left[at++])
      left = kept
    }
    return left.length > 0
  })
}

/** Why no cell learns box `gt`, which has no cell in `matched` [C]. */
export function unlearnable(assignment: Assignment, gt: number, matched: Int32Array): UnlearnableReason {
  const obstacle = assignment.obstacle(gt)
  if (obstacle) {
    const { cause, title, describe } = obstacle
    return { gt, cause: cause as ObstacleCause, title, lostTo: [], describe }
  }
  const winners = new Set<number>()
  assignment.eligible(gt, (start, end) => {
    for (let cell = start; cell < end; cell++) winners.add(matched[cell])
  })
  const lostTo = [...winners].sort((a, b) => a - b)
  return {
    ...{ gt, cause: 'lost', title: `lost to ${assignment.stronger}`, lostTo },
    describe: (name, nameOf) =>
      `${name} lost all its locations to ${assignment.stronger}: ${lostTo.map(nameOf).join(', ')}`,
  }
}

export const boxSize = (boxes: Float32Array, gt: number): Size => ({
  width: boxes[gt * 4 + 2] - boxes[gt * 4],
  height: boxes[gt * 4 + 3] - boxes[gt * 4 + 1],
})

/** The sentence, with the size of the box in pixels of the network's input. `nameOf` gives the numbers of boxes. */
export function describeUnlearnable(
  box: UnlearnableReason,
  { width, height }: Size,
  nameOf: (gt: number) => string | number = (gt) => gt,
): string {
  const name = `box ${nameOf(box.gt)} (${Number(width.toFixed(1))} × ${Number(height.toFixed(1))} px)`
  return box.describe(name, nameOf)
}
