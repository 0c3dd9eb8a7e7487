/**
 * Which detections find an object: pycocotools' matching, in one visit per image and category for all IoU thresholds
 * and size classes.
 */
import { GroupMatcher, NOTHING } from './group-matcher.ts'
import { groups } from './groups.ts'
import { AREA_RANGES, IOU_THRESHOLDS, MATCHED_DETECTIONS } from './protocol.ts'
import type { Tables } from './tables.ts'

const T = IOU_THRESHOLDS.length
const A = AREA_RANGES.length
const EVERY_THRESHOLD = (1 << T) - 1

export interface Matches {
  /** [A·rows]; bit t is set where the detection found an object (or an ignored one) at IoU threshold t. */
  readonly matched: Uint16Array
  /** [A·rows]; bit t is set where the detection counts neither as right nor as wrong. */
  readonly ignored: Uint16Array
  /** [rows] place of the detection among those of its image and category, 0 for the best score. */
  readonly place: Uint32Array
  /** [K·A] objects to be found: neither crowd nor outside the size class. */
  readonly positives: Uint32Array
}

/** Matches every image and category. Detections past the protocol's limit per image stay unmatched; their place tells. */
export function match(tables: Tables): Matches {
  const { rows } = tables.detections
  const matches: Matches = {
    matched: new Uint16Array(A * rows),
    ignored: new Uint16Array(A * rows),
    place: new Uint32Array(rows),
    positives: new Uint32Array(tables.categoryIds.length * A),
  }
  const matcher = new GroupMatcher(tables)
  for (const group of groups(tables)) {
    const { k, dStart, dEnd } = group
    for (let d = dStart; d < dEnd; d++) matches.place[d] = d - dStart
    if (group.gStart === group.gEnd) {
      // In most groups there is no object.
      const D = Math.min(dEnd - dStart, MATCHED_DETECTIONS)
      for (let a = 0; a < A; a++) ignoreOtherSizes(matches, tables, dStart, D, a)
      continue
    }
    const D = matcher.open(group)
    for (let a = 0; a < A; a++) {
      const wanted = matcher.select(a)
      matches.positives[k * A + a]! += wanted
      // Thresholds ascend, so none after this one is reached either.
      for (let t = 0; t < T && matcher.reaches(IOU_THRESHOLDS[t]!); t++) {
        matcher.assign(IOU_THRESHOLDS[t]!)
        record(matches, matcher.found, wanted, a * rows + dStart, D, t)
      }
      ignoreOtherSizes(matches, tables, dStart, D, a)
    }
  }
  return matches
}

function record(
  { matched, ignored }: Matches,
  found: Int32Array,
  wanted: number,
  column: number,
  D: number,
  t: number,
): void {
  for (let d = 0; d < D; d++) {
    if (found[d] === NOTHING) continue
    matched[column + d]! |= 1 << t
    if (found[d]! >= wanted) ignored[column + d]! |= 1 << t
  }
}

/** An unmatched detection counts as wrong only in its own size class. */
function ignoreOtherSizes(
  { matched, ignored }: Matches,
  { detections }: Tables,
  dStart: number,
  D: number,
  a: number,
): void {
  const { min, max } = AREA_RANGES[a]!
  const column = a * detections.rows + dStart
  for (let d = 0; d < D; d++) {
    const area = detections.areas[dStart + d]!
    if (area < min || area > max) ignored[column + d]! |= EVERY_THRESHOLD & ~matched[column + d]!
  }
}
