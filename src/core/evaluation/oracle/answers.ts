/** Perfect values from the ground truth for each candidate's quality, class and box. */

import { BACKGROUND } from '../../detectors/assigner.ts'
import { detectorOf } from '../../detectors/detectors.ts'
import type { ModelConfig } from '../../detectors/model-config.ts'
import type { Candidates } from '../../detectors/shared/candidates.ts'
import type { Tile } from '../../detectors/shared/tiles.ts'
import type { Size } from '../../geometry/box.ts'
import type { Axes, Pyramid } from '../../pyramid/levels.ts'
import { viewOf } from '../../training/tiles.ts'
import type { TrueObject } from '../ground-truth.ts'

/** How an image, or a tile of it, lies in the network's input. */
export interface Placed {
  readonly pyramid: Pyramid
  /** Factors from pixels of the network's input to pixels of the source image. */
  readonly toSource: Axes
}

/** An image of the evaluation with its candidates, before NMS. */
export interface CandidateImage extends Placed {
  readonly imageId: number
  /** Boxes in pixels of the source image; labels index OracleOptions.categoryIds. */
  readonly candidates: Candidates
  /** Of an image in tiles: how each of them lies in the input. */
  readonly tile?: Placed | undefined
}

/** An object is assigned in a tile of which it is a target in training, with the presets' AugmentConfig.minVisible. */
const MIN_VISIBLE = 0.3

/** All arrays have one entry for each of M candidates. */
export interface Answers {
  /** [M] index into the image's objects of the one that the location is assigned; BACKGROUND for none. */
  readonly object: Int32Array
  /** [M] the assigner's quality of the location, for FCOS its centerness target; 0 for background. */
  readonly quality: Float32Array
  /** [M] highest IoU of the candidate's box with an object of any class. */
  readonly iou: Float32Array
}

/**
 * Of an image in tiles, each candidate is answered by the objects of its tile, cut as in training.
 *
 * @param objects of the image; no crowds, which are never targets
 */
export function answersFor(
  image: CandidateImage,
  objects: readonly TrueObject[],
  config: ModelConfig,
): Answers {
  const { candidates } = image
  const { locations, levels, tiling } = candidates
  const boxes = cornersOf(objects)
  const object = new Int32Array(locations.length).fill(BACKGROUND)
  const quality = new Float32Array(locations.length)
  /** Of the candidates [start, end), found in what is seen. */
  const answer = (start: number, end: number, { pyramid, toSource }: Placed, view: Seen) => {
    const inInput = view.boxes.map((side, i) => side / (i % 2 === 0 ? toSource.x : toSource.y))
    const assignment = detectorOf(config).assigner.over(pyramid, config.assignment, inInput)
    const matched = assignment.assign()
    for (let i = start; i < end; i++) {
      const found = matched[locations[i]!]!
      if (found < 0) continue
      object[i] = view.objects[found]!
      quality[i] = assignment.quality(found, locations[i]!, levels[i]!)
    }
  }
  const all = { boxes, objects: [...objects.keys()] }
  let end = 0
  for (const [index, tile] of (tiling?.tiles ?? []).entries()) {
    const start = end
    while (end < locations.length && tiling!.of[end] === index) end++
    if (end > start) answer(start, end, image.tile!, seenIn(tile, tiling!.image, boxes))
  }
  if (end < locations.length) answer(end, locations.length, image, all)
  return { object, quality, iou: bestIous(candidates, boxes) }
}

interface Seen {
  /** [n·4] in pixels of the tile. */
  readonly boxes: Float32Array
  /** [n] their indices among the image's. */
  readonly objects: readonly number[]
}

function seenIn(tile: Tile, { width, height }: Size, boxes: Float32Array): Seen {
  const { objects } = viewOf(tile, { width, height, boxes }, MIN_VISIBLE)
  const low = [tile.x, tile.y, tile.x, tile.y]
  const high = [tile.width, tile.height, tile.width, tile.height]
  return {
    objects,
    boxes: Float32Array.from(
      objects.flatMap((n) => low.map((from, k) => Math.min(high[k]!, Math.max(0, boxes[4 * n + k]! - from)))),
    ),
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
