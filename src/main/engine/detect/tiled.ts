/** Detection in large images, tile by tile. */
import type { ScoredBox } from '../../../core/contract/engine.ts'
import type { InputConfig } from '../../../core/detectors/model-config.ts'
import { mergeTiles, type Tile, tilesOf } from '../../../core/detectors/shared/tiles.ts'
import type { RgbImage } from '../../images/decode.ts'
import { detect } from './detect.ts'
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
    const [found] = await detect(runner, [crop(image, tile)], input, options)
    tiled.push({ tile, detections: found.map((one) => moved(one, tile)) })
    // Lets requests be answered, because many tiles take a while.
    await new Promise(setImmediate)
  }
  return { tiles: tiles.length, detections: mergeTiles(image, tiled, whole, options.nms) }
}

function crop({ width: stride, data }: RgbImage, { x, y, width, height }: Tile): RgbImage {
  const part = new Uint8Array(3 * width * height)
  for (let row = 0; row < height; row++) {
    const start = 3 * ((y + row) * stride + x)
    part.set(data.subarray(start, start + 3 * width), 3 * row * width)
  }
  return { width, height, data: part }
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
