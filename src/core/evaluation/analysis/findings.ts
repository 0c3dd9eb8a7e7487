/** Matches detections with objects at one IoU threshold and size class as pycocotools does, and keeps the pairs. */
import { GroupMatcher, NOTHING } from '../group-matcher.ts'
import { groups } from '../groups.ts'
import { AREA, AREA_RANGES } from '../protocol.ts'
import type { Tables } from '../tables.ts'

/** A detection counts as wrong, as right, or (crowd, other size, past the limit of 100) not at all. */
export const VERDICT = { wrong: 0, right: 1, ignored: 2 } as const

export interface Findings {
  readonly iouThreshold: number
  /** [detection rows] of VERDICT. */
  readonly verdict: Uint8Array
  /** [detection rows] row of the object that a right detection finds; NOTHING for others. */
  readonly object: Int32Array
  /** [object rows] row of the detection that finds the object; NOTHING where none does. */
  readonly detection: Int32Array
  /** [object rows] 1 if the object is to be found, because it is not a crowd and belongs to the size class. */
  readonly wanted: Uint8Array
  /** [K] number of objects to be found. */
  readonly positives: Uint32Array
}

/** @param area index into AREA_RANGES */
export function find(tables: Tables, iouThreshold: number, area: number = AREA.all): Findings {
  const { groundTruth, detections } = tables
  const findings: Findings = {
    iouThreshold,
    verdict: new Uint8Array(detections.rows).fill(VERDICT.ignored),
    object: new Int32Array(detections.rows).fill(NOTHING),
    detection: new Int32Array(groundTruth.rows).fill(NOTHING),
    wanted: new Uint8Array(groundTruth.rows),
    positives: new Uint32Array(tables.categoryIds.length),
  }
  const matcher = new GroupMatcher(tables)
  for (const group of groups(tables)) {
    const D = matcher.open(group)
    const wanted = matcher.select(area)
    findings.positives[group.k]! += wanted
    for (let place = 0; place < wanted; place++) findings.wanted[matcher.objectAt(place)] = 1
    matcher.assign(iouThreshold)
    for (let d = 0; d < D; d++) {
      const place = matcher.found[d]!
      const row = group.dStart + d
      if (place === NOTHING) {
        if (isOfSize(detections.areas[row]!, area)) findings.verdict[row] = VERDICT.wrong
      } else if (place < wanted) {
        findings.verdict[row] = VERDICT.right
        findings.object[row] = matcher.objectAt(place)
        findings.detection[matcher.objectAt(place)] = row
      }
    }
  }
  return findings
}

function isOfSize(pixels: number, area: number): boolean {
  const { min, max } = AREA_RANGES[area]!
  return pixels >= min && pixels <= max
}
