/** Detection in large images, tile by tile. */
import type { ScoredBox } from '../../../core/contract/engine.ts'
import type { InputConfig } from '../../../core/detectors/model-config.ts'
import { type Candidates, OUTLINE_PART } from '../../../core/detectors/shared/candidates.ts'
import { mergeTiles, type Tile, tilesOf } from '../../../core/detectors/shared/tiles.ts'
import type { Size } from '../../../core/geometry/box.ts'
import type { RgbImage } from '../../images/decode.ts'
import { cropped } from '../../images/region.ts'
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
  image: RgbImage,
  input: InputConfig,
  options: DetectionOptions,
  side: number | null,
): Promise<TiledDetections> {
  const [whole] = await detect(runner, [image], input, options)
  if (side === null) return { tiles: null, detections: whole }
  const tiles = tilesOf(image, side)
  const tiled: { tile: Tile; detections: ScoredBox[] }[] = []
  for (const tile of tiles) {
    const [found] = await detect(
      runner,
      [cropped(image, { left: tile.x, top: tile.y, ...tile })],
      input,
      options,
    )
    tiled.push({ tile, detections: found.map((one) => moved(one, tile)) })
    // Lets requests be answered, because many tiles take a while.
    await new Promise(setImmediate)
  }
  return { tiles: tiles.length, detections: mergeTiles(image, tiled, whole, options.nms) }
}

/** What could become a detection, tile by tile, then in the image as a whole. */
export async function tiledCandidates(
  runner: Runner,
  image: RgbImage,
  input: InputConfig,
  floor: number,
  side: number,
): Promise<ImageCandidates> {
  const [whole] = await findCandidates(runner, [image], input, floor)
  const tiles = tilesOf(image, side)
  const found: Candidates[] = []
  for (const tile of tiles) {
    const [{ candidates }] = await findCandidates(
      runner,
      [cropped(image, { left: tile.x, top: tile.y, ...tile })],
      input,
      floor,
    )
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

function moved({ box: [x1, y1, x2, y2], segmentation, ...rest }: ScoredBox, { x, y }: Tile): ScoredBox {
  return {
    ...rest,
    box: [x1 + x, y1 + y, x2 + x, y2 + y],
    ...(segmentation && {
      segmentation: segmentation.map((ring) => ring.map((value, i) => value + (i % 2 === 0 ? x : y))),
    }),
  }
}
