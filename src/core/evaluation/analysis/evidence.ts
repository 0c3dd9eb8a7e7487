/** What stands behind a number, so that a window can open it. */
import { NOTHING } from '../group-matcher.ts'
import type { Tables } from '../tables.ts'

export interface Evidence {
  readonly imageId: number
  /** Index into the ground truth's objects; null where no object is concerned. */
  readonly object: number | null
  /** Index into the detections as given; null where no detection is concerned. */
  readonly detection: number | null
  /** Of the two; 0 where one is missing. */
  readonly iou: number
  /** The detection's. */
  readonly score: number | null
}

/** Evidence for rows of the tables; NOTHING for an object or a detection that is missing, not both. */
export function evidence(tables: Tables, g: number, d: number, iou: number): Evidence {
  const { groundTruth, detections, imageIds } = tables
  return {
    imageId: imageIds[d === NOTHING ? groundTruth.image[g]! : detections.image[d]!]!,
    object: g === NOTHING ? null : groundTruth.source[g]!,
    detection: d === NOTHING ? null : detections.source[d]!,
    iou,
    score: d === NOTHING ? null : detections.scores[d]!,
  }
}
