/** Training on large images in the tiles in which detection takes them. */

import type { TrainingOptions } from '../contract/training.ts'
import {
  isLargeIn,
  LOST,
  OVERLAP,
  type Tile,
  type Tiling,
  type TilingRule,
  tileSide,
  tilesOf,
} from '../detectors/shared/tiles.ts'
import type { DatasetImage } from '../formats/dataset.ts'
import type { BoxXyxy, Size } from '../geometry/box.ts'
import { translateRing } from '../geometry/polygon.ts'
import { segmentationRings } from '../geometry/shape.ts'
import type { SizeRule } from '../pyramid/input-size.ts'

/** Stride of the finest level: a typical object that covers fewer pixels of the input than this is too small to be learnt well. */
const SMALL = 8
/** Tiles are then chosen so that a typical object covers this many pixels of the input. */
const SEEN = 16
/** Number of tiles without objects that are learnt from, for each view with objects. */
const EMPTY_SHARE = 0.25

/** Whether and in which tiles large images are learnt from. */
export interface SampleRules {
  readonly rule: TilingRule
  readonly tiling: Tiling
  /** As in AugmentConfig. */
  readonly minVisible: number
}

/** Every image as a whole. */
export const WHOLE_IMAGES: SampleRules = { rule: { input: 0, learnt: null }, tiling: 'off', minVisible: 0 }

interface Labelled extends Size {
  /** [n·4] x1, y1, x2, y2 in pixels of the image. */
  readonly boxes: ArrayLike<number>
}

/** The median of the images' long sides, in pixels. */
export function typicalSide(images: readonly Size[]): number | null {
  return medianOf(images.map(({ width, height }) => Math.max(width, height)))
}

/**
 * By which images of a run are tiled, those that it learns from and those that its model is used on: at the typical size of its images,
 * unless their objects would be too small at the network's input.
 *
 * @param input long side of the network's input.
 */
export function ruleOf(images: readonly Labelled[], input: number, tiling: Tiling): TilingRule {
  const typical = typicalSide(images)
  if (typical === null || tiling === 'off') return { input, learnt: typical }
  const side = tiling === 'auto' ? sideFor(images, typical, input) : tiling
  // Typical images that stay whole decide by themselves.
  return {
    input,
    learnt: tileSide({ width: typical, height: 1 }, { input, learnt: side }, tiling) ?? typical,
  }
}

type Options = Pick<TrainingOptions, 'tile' | 'augment'>

/** The rules for what a run learns from. A run that was begun before there were tiles goes on without them. */
export const sampleRules = (
  images: readonly Labelled[],
  { longSide }: SizeRule,
  { tile = 'off', augment: { minVisible } }: Options,
): SampleRules => ({ rule: ruleOf(images, longSide, tile), tiling: tile, minVisible })

/** The rules for what a run is measured with, which are those of detection with its model. */
export const evaluationRules = (
  { rule }: SampleRules,
  { tile = 'auto' }: Options,
): Pick<SampleRules, 'rule' | 'tiling'> => ({ rule, tiling: tile })

function sideFor(images: readonly Labelled[], typical: number, input: number): number {
  const object = medianOf(images.flatMap(({ boxes }) => sizesOf(boxes)))
  // A smaller tile would only be enlarged to the input.
  if (object !== null && (object * input) / typical < SMALL)
    return Math.max(input, Math.round((object * input) / SEEN))
  // The same as for a model that does not say what it learnt from, unless such tiles would cut typical objects.
  const side = 2 * input
  return typical > LOST * input && (object === null || object <= OVERLAP * side) ? side : typical
}

function sizesOf(boxes: ArrayLike<number>): number[] {
  return Array.from({ length: boxes.length / 4 }, (_, n) => {
    const [x1, y1, x2, y2] = boxOf(boxes, n)
    return Math.sqrt(Math.max(0, x2 - x1) * Math.max(0, y2 - y1))
  })
}

function medianOf(values: number[]): number | null {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? null
}

/** A part of an image, or all of it, that is a sample of its own. */
export interface View extends Tile {
  /** Indices of the objects that are targets in it. */
  readonly objects: readonly number[]
  /** Those of them that its borders cut. */
  readonly cut: readonly number[]
  /** Objects of which so little lies in it that they are no targets. */
  readonly dropped: readonly number[]
}

/** Whether it is the image as a whole. */
export const isWhole = (view: Size, image: Size): boolean =>
  view.width === image.width && view.height === image.height

/** The samples that an image gives in tiles. */
export interface TiledSamples {
  /** Tiles with objects. If some objects are too large for tiles, the image as a whole comes last. */
  readonly views: readonly View[]
  /** Tiles without objects, … */
  readonly empty: readonly Tile[]
  /** … and how many of them, drawn by chance, are samples of an epoch. */
  readonly emptySamples: number
}

/**
 * The samples of an image.
 *
 * @param minVisible an object is a target where at least this share of it lies in the tile, as in AugmentConfig.
 */
export function tiledSamples(image: Labelled, side: number, minVisible: number): TiledSamples {
  const { boxes } = image
  const tiles = tilesOf(image, side)
  const looked = tiles.map((tile) => viewOf(tile, image, minVisible))
  const views = looked.filter(({ objects }) => objects.length > 0)
  const empty = looked.filter(({ objects }) => objects.length === 0)
  const all = Array.from({ length: boxes.length / 4 }, (_, n) => n)
  const hasLarge = all.some((n) => isLargeIn(tiles[0]!, boxOf(boxes, n)))
  const { width, height } = image
  const whole: View = { x: 0, y: 0, width, height, objects: all, cut: [], dropped: [] }
  return {
    views: hasLarge ? [...views, whole] : views,
    empty,
    emptySamples: Math.min(empty.length, Math.max(1, Math.round(EMPTY_SHARE * views.length))),
  }
}

/** What is a target in a tile. */
export function viewOf(tile: Tile, image: Labelled, minVisible: number): View {
  const view = { ...tile, objects: [] as number[], cut: [] as number[], dropped: [] as number[] }
  for (let n = 0; n < image.boxes.length / 4; n++) {
    const share = shareIn(tile, boxOf(image.boxes, n), image)
    if (!(share > 0)) continue
    if (share < minVisible) view.dropped.push(n)
    else view.objects.push(n)
    if (share >= minVisible && share < 1) view.cut.push(n)
  }
  return view
}

/** The views of an image as images of their own. Each object appears in one view in which it is whole. */
export function seenImages(image: DatasetImage, { rule, tiling, minVisible }: SampleRules): DatasetImage[] {
  const side = tileSide(image, rule, tiling)
  if (side === null) return [image]
  const { width, height, annotations } = image
  const boxes = annotations.flatMap(({ box }) => box)
  const left = new Set(annotations.keys())
  return tiledSamples({ width, height, boxes }, side, minVisible).views.map(({ objects, cut, ...view }) => {
    const own = objects.filter((n) => left.has(n) && !cut.includes(n))
    for (const n of own) left.delete(n)
    const { x, y } = view
    const moved = own.map((n) => {
      const { box, segmentation, ...rest } = annotations[n]!
      const rings = segmentation && segmentationRings(segmentation)
      return {
        ...rest,
        box: [box[0] - x, box[1] - y, box[2] - x, box[3] - y] as const,
        ...(rings && { segmentation: rings.map((ring) => translateRing(ring, -x, -y)) }),
      }
    })
    return { ...image, width: view.width, height: view.height, annotations: moved }
  })
}

/** How much of the part of a box that is inside the image is also inside a tile of it. */
function shareIn({ x, y, width, height }: Tile, [x1, y1, x2, y2]: BoxXyxy, image: Size): number {
  const along = (from: number, to: number, start: number, size: number, length: number) => {
    const [low, high] = [Math.max(0, from), Math.min(length, to)]
    return (Math.min(high, start + size) - Math.max(low, start)) / (high - low)
  }
  const [across, down] = [along(x1, x2, x, width, image.width), along(y1, y2, y, height, image.height)]
  return across > 0 && down > 0 ? across * down : 0
}

const boxOf = (boxes: ArrayLike<number>, n: number): BoxXyxy => [
  boxes[4 * n]!,
  boxes[4 * n + 1]!,
  boxes[4 * n + 2]!,
  boxes[4 * n + 3]!,
]
