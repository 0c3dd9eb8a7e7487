/**
 * Bilinear resampling along the axes: scale, flip, crop and shift in one pass from source pixels to the network's input.
 * Source coordinates are those of torch.nn.functional.interpolate(mode='bilinear', align_corners=False, antialias=False):
 * pixel centres at k + ½, the border pixel repeated outside, arithmetic of coordinates in float32.
 */
import type { RgbImage } from '../../images/decode.ts'
import type { PixelMap } from './pixels.ts'

/** How one axis of a source image lies on the canvas: source [0, source) covers canvas [offset, offset + length). */
export interface AxisPlacement {
  readonly source: number
  /** Pixels covered on the canvas; the scale is length / source. */
  readonly length: number
  /** May be negative, where the image reaches over the canvas's edge. */
  readonly offset: number
  /** Mirrored: source 0 lies at offset + length. */
  readonly flip: boolean
}

/** Network input in the making: [height, width, 3] float32, row-major, zero where nothing was drawn. */
export interface Canvas {
  readonly width: number
  readonly height: number
  readonly data: Float32Array
}

/** Half-open range of canvas pixels along an axis. */
export type Span = readonly [from: number, to: number]

/** For each canvas pixel from `start` on: value = source[lower] + weight · (source[upper] − source[lower]). */
interface Taps {
  readonly start: number
  readonly lower: Int32Array
  readonly upper: Int32Array
  readonly weight: Float32Array
}

/** Draws the part of a placed image that falls into the canvas's region x × y; the region must lie inside the canvas. */
export function drawImage(
  canvas: Canvas,
  image: RgbImage,
  at: { readonly x: AxisPlacement; readonly y: AxisPlacement },
  region: { readonly x: Span; readonly y: Span },
  map: PixelMap,
): void {
  const columns = axisTaps(at.x, region.x)
  const rows = axisTaps(at.y, region.y)
  // Each source row is resampled and mapped once, into the buffer of its parity, since a pair is always neighbours.
  const buffers = [newRow(columns), newRow(columns)]
  const row = (y: number) => {
    const buffer = buffers[y & 1]
    if (buffer.y !== y) {
      resampleRow(image, y, columns, buffer.values)
      map(buffer.values)
      buffer.y = y
    }
    return buffer.values
  }
  for (let k = 0; k < rows.weight.length; k++) {
    const start = ((rows.start + k) * canvas.width + columns.start) * 3
    const out = canvas.data.subarray(start, start + columns.weight.length * 3)
    blendRows(row(rows.lower[k]), row(rows.upper[k]), rows.weight[k], out)
  }
}

const newRow = (columns: Taps) => ({ y: -1, values: new Float32Array(columns.weight.length * 3) })

function axisTaps({ source, length, offset, flip }: AxisPlacement, [from, to]: Span): Taps {
  const start = Math.max(from, offset)
  const count = Math.max(0, Math.min(to, offset + length) - start)
  const taps = {
    start,
    lower: new Int32Array(count),
    upper: new Int32Array(count),
    weight: new Float32Array(count),
  }
  const step = Math.fround(source / length)
  for (let k = 0; k < count; k++) {
    const i = start + k - offset
    const centre = (flip ? length - 1 - i : i) + 0.5
    const position = Math.max(0, Math.fround(Math.fround(step * centre) - 0.5))
    const lower = Math.min(Math.floor(position), source - 1)
    taps.lower[k] = lower
    taps.upper[k] = Math.min(lower + 1, source - 1)
    taps.weight[k] = position - lower
  }
  return taps
}

function resampleRow(image: RgbImage, y: number, { lower, upper, weight }: Taps, out: Float32Array): void {
  const { data } = image
  const row = y * image.width
  for (let k = 0, o = 0; k < weight.length; k++, o += 3) {
    const a = (row + lower[k]) * 3
    const b = (row + upper[k]) * 3
    const w = weight[k]
    out[o] = data[a] + w * (data[b] - data[a])
    out[o + 1] = data[a + 1] + w * (data[b + 1] - data[a + 1])
    out[o + 2] = data[a + 2] + w * (data[b + 2] - data[a + 2])
  }
}

function blendRows(top: Float32Array, bottom: Float32Array, weight: number, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = top[i] + weight * (bottom[i] - top[i])
}
