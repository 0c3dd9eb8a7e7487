import type { GroundTruthTable, Tables } from './tables.ts'

/** The rows of one image and category: objects [gStart, gEnd), detections [dStart, dEnd); one of them may be empty. */
export interface Group {
  /** Index of the category. */
  readonly k: number
  readonly gStart: number
  readonly gEnd: number
  readonly dStart: number
  readonly dEnd: number
}

/** Walks both tables, which are in the same order, group by group. */
export function* groups({ groundTruth, detections }: Tables): Generator<Group> {
  let gStart = 0
  let dStart = 0
  while (gStart < groundTruth.rows || dStart < detections.rows) {
    const objectsFirst = compareGroups(groundTruth, gStart, detections, dStart) <= 0
    const [first, row] = objectsFirst ? [groundTruth, gStart] : [detections, dStart]
    const k = first.category[row]!
    const image = first.image[row]!
    const gEnd = groupEnd(groundTruth, gStart, k, image)
    const dEnd = groupEnd(detections, dStart, k, image)
    yield { k, gStart, gEnd, dStart, dEnd }
    gStart = gEnd
    dStart = dEnd
  }
}

type Grouped = Pick<GroundTruthTable, 'rows' | 'category' | 'image'>

/** Negative where row a of one table belongs to an earlier group than row b of the other, 0 where to the same. */
function compareGroups(tableA: Grouped, a: number, tableB: Grouped, b: number): number {
  if (a >= tableA.rows) return 1
  if (b >= tableB.rows) return -1
  return tableA.category[a]! - tableB.category[b]! || tableA.image[a]! - tableB.image[b]!
}

/** The row after the last one of the group, or `start` if the table has no row of the group there. */
function groupEnd(table: Grouped, start: number, category: number, image: number): number {
  let end = start
  while (end < table.rows && table.category[end] === category && table.image[end] === image) end++
  return end
}
