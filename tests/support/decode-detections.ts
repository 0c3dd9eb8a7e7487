/** From the head's raw outputs for one image to detections: decodeCandidates, then selectDetections. */
import {
  type CandidateOptions,
  decodeCandidates,
  type ImageOutputs,
} from '../../src/core/detectors/fcos/decode.ts'
import { type SelectionOptions, selectDetections } from '../../src/core/detectors/shared/select.ts'

export type DecodeOptions = Omit<CandidateOptions, 'alsoByClass'> & SelectionOptions

/** M detections in descending order of score. */
export interface Detections {
  /** [M,4] x1, y1, x2, y2 in pixels of the source image (of the network's input without toSource). */
  readonly boxes: Float32Array
  /** [M] */
  readonly scores: Float32Array
  /** [M] class indices in 0…K−1. */
  readonly labels: Int32Array
  /** [M] the location that predicted each. */
  readonly locations: Int32Array
}

export function decodeDetections(outputs: ImageOutputs, options: DecodeOptions): Detections {
  const candidates = decodeCandidates(outputs, options)
  const { boxes, labels, locations, scores } = candidates
  const kept = selectDetections(candidates, options)
  return {
    boxes: Float32Array.from({ length: kept.length * 4 }, (_, i) => boxes[kept[i >> 2] * 4 + (i & 3)]),
    scores: Float32Array.from(kept, (i) => scores[i]),
    labels: kept.map((i) => labels[i]),
    locations: kept.map((i) => locations[i]),
  }
}
