/** Detection in large images, tile by tile. */
import type { ScoredBox } from '../../../core/contract/engine.ts'
import type { InputConfig } from '../../../core/detectors/model-config.ts'
import { type Candidates, OUTLINE_PART } from '../../../core/detectors/shared/candidates.ts'
import { mergeTiles, type Tile, tilesOf } from '../../../core/detectors/shared/tiles.ts'
import type { Size } from '../../../core/geometry/box.ts'
import type { RgbImage } from '../../images/decode.ts'
import { cropped, type LargeImage } from '../../images/region.ts'
import { detect, findCandidates, type ImageCandidates } from './detect.ts'
import type { DetectionOptions } from './options.ts'
import type { Runner } from './runner.ts'

export interface TiledDetections {
  /** Number of tiles; null if the image was detected as a whole. */
  readonly tiles: number | null
  /** In pixels of the image, best first. */
  readonly detections: ScoredBox[]
}

/**
 * `options.limit` counts for each tile.
 *
 * @param side of the tiles, in pixels of the image; null for none.
 */
export async function detectOne(
  runner: Runner,
  image: RgbImage | LargeImage,
  input: InputConfig,
  options: DetectionOptions,
  side: number | null,
): Promise<TiledDetections> {
  const seen = await wholeOf(image)
  const [alone] = await detect(runner, [seen], input, options)
  const whole = alone.map((one) => scaled(one, seen, image))
  if (side === null) return { tiles: null, detections: whole }
  const tiles = tilesOf(image, side)
  const tiled: { tile: Tile; detections: ScoredBox[] }[] = []
  for (const tile of tiles) {
    const [found] = await detect(runner, [await partOf(image, tile)], input, options)
    tiled.push({ tile, detections: found.map((one) => moved(one, tile)) })
    // Lets requests be answered, because many tiles take a while.
    await new Promise(setImmediate)
  }
  return { tiles: tiles.length, detections: mergeTiles(image, tiled, whole, options.nms) }
}

export const wholeOf = (image: RgbImage | LargeImage): Promise<RgbImage> | RgbImage =>
  'data' in image ? image : image.reduced()

export function partOf(
  image: RgbImage | LargeImage,
  { x, y, width, height }: Tile,
): Promise<RgbImage> | RgbImage {
  const region = { left: x, top: y, width, height }
  return 'data' in image ? cropped(image, region) : image.read(region)
}

/** What could become a detection, tile by tile, then in the image as a whole; in it alone where `side` is null. */
export async function tiledCandidates(
  runner: Runner,
  image: RgbImage | LargeImage,
  input: InputConfig,
  floor: number,
  side: number | null,
): Promise<ImageCandidates> {
  const seen = await wholeOf(image)
  const [alone] = await findCandidates(runner, [seen], input, floor)
  const whole = scaledCandidates(alone, seen, image)
  if (side === null) return whole
  const tiles = tilesOf(image, side)
  const found: Candidates[] = []
  for (const tile of tiles) {
    const [{ candidates }] = await findCandidates(runner, [await partOf(image, tile)], input, floor)
    found.push(movedCandidates(candidates, tile))
    await new Promise(setImmediate)
  }
  return {
    ...whole,
    candidates: joined({ width: image.width, height: image.height }, tiles, [...found, whole.candidates]),
  }
}

function joined(image: Size, tiles: readonly Tile[], all: readonly Candidates[]): Candidates {
  const counts = all.map(({ labels }) => labels.length)
  const floats = (of: (candidates: Candidates) => Float32Array) =>
    Float32Array.from(all.flatMap((one) => [...of(one)]))
  const integers = (of: (candidates: Candidates) => Int32Array | Uint8Array) =>
    Int32Array.from(all.flatMap((one) => [...of(one)]))
  const [first] = all
  return {
    locations: integers(({ locations }) => locations),
    levels: Uint8Array.from(integers(({ levels }) => levels)),
    labels: integers(({ labels }) => labels),
    boxes: floats(({ boxes }) => boxes),
    classScores: floats(({ classScores }) => classScores),
    scores: floats(({ scores }) => scores),
    parts: Object.fromEntries(
      Object.keys(first.parts).map((name) => [name, floats(({ parts }) => parts[name])]),
    ),
    suppression: first.suppression,
    tiling: { image, tiles, of: Int32Array.from(counts.flatMap((count, i) => Array<number>(count).fill(i))) },
  }
}

function movedCandidates({ boxes, parts, ...rest }: Candidates, { x, y }: Tile): Candidates {
  const move = (values: Float32Array) => values.map((value, i) => value + (i % 2 === 0 ? x : y))
  const { [OUTLINE_PART]: outlines, ...others } = parts
  return {
    ...rest,
    boxes: move(boxes),
    parts: { ...others, ...(outlines && { [OUTLINE_PART]: move(outlines) }) },
  }
}

/** From the pixels of what was seen of an image to its own. */
const toImage = (seen: Size, image: Size) => {
  const [x, y] = [image.width / seen.width, image.height / seen.height]
  return (value: number, i: number): number => value * (i % 2 === 0 ? x : y)
}

function scaled(one: ScoredBox, seen: Size, image: Size): ScoredBox {
  if (seen.width === image.width) return one
  const scale = toImage(seen, image)
  const [x1, y1, x2, y2] = one.box.map(scale)
  return {
    ...one,
    box: [x1, y1, x2, y2],
    ...(one.segmentation && { segmentation: one.segmentation.map((ring) => ring.map(scale)) }),
  }
}

function scaledCandidates(found: ImageCandidates, seen: Size, image: Size): ImageCandidates {
  if (seen.width === image.width) return found
  const scale = toImage(seen, image)
  const { boxes, parts } = found.candidates
  const { [OUTLINE_PART]: outlines, ...others } = parts
  return {
    ...found,
    image: { width: image.width, height: image.height },
    candidates: {
      ...found.candidates,
      boxes: boxes.map(scale),
      parts: { ...others, ...(outlines && { [OUTLINE_PART]: outlines.map(scale) }) },
    },
  }
}

function moved({ box: [x1, y1, x2, y2], segmentation, ...rest }: ScoredBox, { x, y }: Tile): ScoredBox {
  return {
    ...rest,
    box: [x1 + x, y1 + y, x2 + x, y2 + y],
    ...(segmentation && {
      segmentation: segmentation.map((ring) => ring.map((value, i) => value + (i % 2 === 0 ? x : y))),
    }),
  }
}
