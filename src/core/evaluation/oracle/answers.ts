/** Perfect values from the ground truth for each candidate's quality, class and box. */

import { BACKGROUND } from '../../detectors/assigner.ts'
import { detectorOf } from '../../detectors/detectors.ts'
import type { ModelConfig } from '../../detectors/model-config.ts'
import type { Candidates } from '../../detectors/shared/candidates.ts'
import type { Axes, Pyramid } from '../../pyramid/levels.ts'
import type { TrueObject } from '../ground-truth.ts'

/** An image of the evaluation with its candidates, before NMS. */
export interface CandidateImage {
  readonly imageId: number
  /** Boxes in pixels of the source image; labels index OracleOptions.categoryIds. */
  readonly candidates: Candidates
  readonly pyramid: Pyramid
  /** Factors from pixels of the network's input to pixels of the source image. */
  readonly toSource: Axes
}

/** All arrays have one entry for each of M candidates. */
export interface Answers {
  /** [M] index into the image's objects of the one that the location is assigned; BACKGROUND for none. */
  readonly object: Int32Array
  /** [M] the assigner's quality of the location, for FCOS its centerness target; 0 for background. */
  readonly quality: Float32Array
  /** [M] highest IoU of the candidate's box with an object of any class. */
  readonly iou: Float32Array
}

/** @param objects of the image; no crowds, which are never targets */
export function answersFor(
  { candidates, pyramid, toSource }: CandidateImage,
  objects: readonly TrueObject[],
  config: ModelConfig,
): Answers {
  const boxes = cornersOf(objects)
  const inInput = boxes.map((side, i) => side / (i % 2 === 0 ? toSource.x : toSource.y))
  const assignment = detectorOf(config).assigner.over(pyramid, config.assignment, inInput)
  const matched = assignment.assign()
  const object = candidates.locations.map((cell) => Math.max(BACKGROUND, matched[cell]!))
  return {
    object,
    quality: Float32Array.from(candidates.locations, (cell, i) =>
      object[i] === BACKGROUND ? 0 : assignment.quality(object[i]!, cell, candidates.levels[i]!),
    ),
    iou: bestIous(candidates, boxes),
  }
}

/** [N·4] x1, y1, x2, y2 in pixels of the source image. */
export function cornersOf(objects: readonly TrueObject[]): Float32Array {
  return Float32Array.from(objects.flatMap(({ box: [x, y, w, h] }) => [x, y, x + w, y + h]))
}

function bestIous({ boxes }: Candidates, objects: Float32Array): Float32Array {
  const best = new Float32Array(boxes.length / 4)
  for (let i = 0; i < boxes.length; i += 4) {
    const [x1, y1, x2, y2] = [boxes[i]!, boxes[i + 1]!, boxes[i + 2]!, boxes[i + 3]!]
    for (let g = 0; g < objects.length; g += 4) {
      const width = Math.min(x2, objects[g + 2]!) - Math.max(x1, objects[g]!)
      const height = Math.min(y2, objects[g + 3]!) - Math.max(y1, objects[g + 1]!)
      if (width <= 0 || height <= 0) continue
      const shared = width * height
      const area = (objects[g + 2]! - objects[g]!) * (objects[g + 3]! - objects[g + 1]!)
      best[i / 4] = Math.max(best[i / 4]!, shared / ((x2 - x1) * (y2 - y1) + area - shared))
    }
  }
  return best
}
