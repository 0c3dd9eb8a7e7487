/** The detections and objects that a number counts, so that a window can show them. */
import { NOTHING } from '../group-matcher.ts'
import type { Tables } from '../tables.ts'

export interface Evidence {
  readonly imageId: number
  /** Index into the ground truth's objects; null where no object is concerned. */
  readonly object: number | null
  /** Index into the detections as given; null where no detection is concerned. */
  readonly detection: number | null
  /** IoU of the two boxes; 0 if one is missing. */
  readonly iou: number
  /** Score of the detection. */
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
