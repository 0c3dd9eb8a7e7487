/** What a detector's head leaves for non-maximum suppression: M boxes of an image, each with a class and a score. */
import type { BoxXyxy, Size } from '../../geometry/box.ts'
import type { Tile } from './tiles.ts'

/** In rising order of cell, then class. */
export interface Candidates {
  /** [M] indices of the cells that predict them. */
  readonly locations: Int32Array
  /** [M] indices into Pyramid.levels. */
  readonly levels: Uint8Array
  /** [M] class indices in 0…K−1. */
  readonly labels: Int32Array
  /** [M,4] x1, y1, x2, y2 in pixels of the source image (of the network's input without toSource), clipped to it. */
  readonly boxes: Float32Array
  /** [M] p̂, the score of the class. */
  readonly classScores: Float32Array
  /** [M] what detections are ranked by: the class score, and the quality where the detector predicts one. */
  readonly scores: Float32Array
  /** What else is predicted of each candidate, by name: [M] or [M,…]. */
  readonly parts: Readonly<Record<string, Float32Array>>
  /** What makes two candidates of a class one detection: the overlap of their boxes where it is left out. */
  readonly suppression?: Suppression | undefined
  /** Of an image that was looked at in tiles. */
  readonly tiling?: Tiling | undefined
}

/** Boxes are those of the image, but locations and levels those of the tile that a candidate was found in. */
export interface Tiling {
  readonly image: Size
  readonly tiles: readonly Tile[]
  /** [M] rising: index of the tile; tiles.length where a candidate was found in the image as a whole. */
  readonly of: Int32Array
}

/** boxes and outlines: by the IoU of those. none: the detector lets no two candidates stand for one object. */
export type Suppression = 'boxes' | 'outlines' | 'none'

/** The part that holds an outline [M,2n] of each candidate, as x, y in the pixels of the boxes. */
export const OUTLINE_PART = 'outline'

/** The outline of a candidate; null where the detector predicts none. */
export function outlineAt({ parts, labels }: Candidates, i: number): number[] | null {
  const outlines = parts[OUTLINE_PART]
  if (!outlines) return null
  const length = outlines.length / labels.length
  return [...outlines.subarray(i * length, (i + 1) * length)]
}

export const boxAt = (boxes: Float32Array, i: number): BoxXyxy => [
  boxes[i * 4]!,
  boxes[i * 4 + 1]!,
  boxes[i * 4 + 2]!,
  boxes[i * 4 + 3]!,
]
