/** A world as a linear RGB picture: thin-lens samples per pixel, more of them where they disagree. */
import { blurOf, boundsOfBall, depthOf, rayThrough } from './camera.ts'
import { denoise } from './denoise.ts'
import type { Draw } from './light.ts'
import { hash } from './noise.ts'
import { radiance } from './trace.ts'
import { along, dot, luminance, normalize, sub, type Vec3 } from './vec.ts'
import type { Piece, World } from './world.ts'

/** Samples that every pixel gets, and the most that it gets until its mean's relative standard error is CALM. */
const FEW = 4
const MANY = 14
const CALM = 0.08
const TILE = 16
/** Dimensions of the random sequences: pixel and lens first, then those of the tracer. */
const LENS = 2
const TRACER = 4

/** Steps of the R2 sequence (Roberts 2018), which fills the unit square evenly, as 32-bit fractions. */
const R2 = [0xc13fa9a9, 0x91e10da5]

/** Pieces that rays through each tile of the image may meet, row-major. */
function piecesByTile({ camera, pieces }: World): Piece[][] {
  const columns = Math.ceil(camera.width / TILE)
  const rows = Math.ceil(camera.height / TILE)
  const tiles: Piece[][] = Array.from({ length: columns * rows }, () => [])
  for (const piece of pieces) {
    const { radius } = piece
    const [x1, y1, x2, y2] = boundsOfBall(camera, piece.centre, radius) ?? [0, 0, camera.width, camera.height]
    const depth = depthOf(camera, piece.centre)
    const margin = 2 + Math.max(blurOf(camera, Math.max(depth - radius, 1)), blurOf(camera, depth + radius))
    const first = Math.max(0, Math.floor((x1 - margin) / TILE))
    const last = Math.min(columns - 1, Math.floor((x2 + margin) / TILE))
    for (
      let row = Math.max(0, Math.floor((y1 - margin) / TILE));
      row < rows && row * TILE <= y2 + margin;
      row++
    ) {
      for (let column = first; column <= last; column++) tiles[row * columns + column].push(piece)
    }
  }
  return tiles
}

/** One sample at an image point: a ray from a point of the lens through where the central ray meets the sharp plane. */
function sample(world: World, x: number, y: number, pieces: readonly Piece[], draw: Draw): Vec3 {
  const { camera } = world
  const central = rayThrough(camera, x, y)
  const sharp = along(camera.eye, central, camera.focus / dot(central, camera.forward))
  const radius = camera.lens * Math.sqrt(draw(LENS))
  const angle = 2 * Math.PI * draw(LENS + 1)
  const origin = along(
    along(camera.eye, camera.right, radius * Math.cos(angle)),
    camera.up,
    radius * Math.sin(angle),
  )
  return radiance(world, origin, normalize(sub(sharp, origin)), pieces, 0, (d) => draw(TRACER + d))
}

const BLACK: Vec3 = [0, 0, 0]

/** Linear RGB, [height · width · 3] row-major. The same world gives the same numbers. */
export function render(world: World): Float32Array {
  const { width, height } = world.camera
  const pixels = width * height
  const image = new Float32Array(pixels * 3)
  // Running mean and sum of squared deviations of luminance (Welford 1962).
  const mean = new Float32Array(pixels)
  const scatter = new Float32Array(pixels)
  const counts = new Uint8Array(pixels)
  const tiles = piecesByTile(world)
  const columns = Math.ceil(width / TILE)

  let pixel = 0
  const draw: Draw = (dimension) =>
    ((hash(pixel, dimension, world.seed) + Math.imul(counts[pixel], R2[dimension & 1])) >>> 0) / 4294967296
  const sampleUntil = (enough: number) => {
    const x = pixel % width
    const y = (pixel - x) / width
    const pieces = tiles[Math.floor(y / TILE) * columns + Math.floor(x / TILE)]
    while (counts[pixel] < enough) {
      const seen = sample(world, x + draw(0), y + draw(1), pieces, draw)
      // A ray along an edge may divide nothing by nothing, and would blacken the whole picture through the light meter.
      const colour = seen.every(Number.isFinite) ? seen : BLACK
      const count = ++counts[pixel]
      for (let c = 0; c < 3; c++) image[3 * pixel + c] += (colour[c] - image[3 * pixel + c]) / count
      const light = luminance(colour)
      const deviation = light - mean[pixel]
      mean[pixel] += deviation / count
      scatter[pixel] += deviation * (light - mean[pixel])
    }
  }

  for (pixel = 0; pixel < pixels; pixel++) sampleUntil(FEW)
  // Few samples agree by chance now and then: a pixel's neighbours tell better than itself how noisy it is.
  const first = averaged(scatter, width, height).map((sum) => sum / (FEW - 1))
  for (pixel = 0; pixel < pixels; pixel++) {
    sampleUntil(Math.min(MANY, Math.ceil(first[pixel] / (CALM * mean[pixel] + 1e-4) ** 2)))
  }
  const variance = scatter.map((sum, i) => sum / (counts[i] - 1) / counts[i])
  return denoise(image, averaged(variance, width, height), width, height)
}

/** Means over 3 × 3 pixels, fewer at the border. */
function averaged(values: Float32Array, width: number, height: number): Float32Array {
  return values.map((_, i) => {
    const x = i % width
    const y = (i - x) / width
    let sum = 0
    let count = 0
    for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
      for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
        sum += values[v * width + u]
        count++
      }
    }
    return sum / count
  })
}
