/** From scene light to the 8-bit picture a camera would write: exposure, white balance, vignette, tone curve, grain. */
import { mulberry32, normal } from '../../../src/core/random.ts'
import { clamp, luminance } from './vec.ts'
import type { World } from './world.ts'

/** Filmic curve (Narkowicz's fit to ACES), then sRGB's transfer function; input and output in [0, 1]. */
function tone(x: number): number {
  const filmic = clamp((x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14), 0, 1)
  return filmic <= 0.0031308 ? 12.92 * filmic : 1.055 * filmic ** (1 / 2.4) - 0.055
}

/** The gain of an exposure meter: towards middle grey on average, though dark cloth stays dark and white linen light. */
function meter(image: Float32Array): number {
  let sum = 0
  for (let i = 0; i < image.length; i += 3) sum += Math.log(1e-3 + image[i + 1])
  return 0.72 * (0.2 / Math.exp(sum / (image.length / 3))) ** 0.55
}

/** Share of its colour that a pixel keeps: film answers to more than one primary. */
const SATURATION = 0.86

/** Linear RGB [height · width · 3] to sRGB bytes in the same order. */
export function develop(image: Float32Array, { camera: { width, height }, film, seed }: World): Uint8Array {
  const gain = meter(image) * 2 ** film.exposure
  const gains = [gain * film.whiteBalance[0], gain, gain * film.whiteBalance[1]]
  const random = mulberry32(seed)
  const bytes = new Uint8Array(image.length)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const u = (2 * (x + 0.5)) / width - 1
      const v = (2 * (y + 0.5)) / height - 1
      const fall = 1 - film.vignette * ((u * u + v * v) / 2) ** 1.5
      // Most grain is in brightness, some in colour.
      const grey = normal(random)
      const pixel = 3 * (y * width + x)
      const light = luminance([image[pixel], image[pixel + 1], image[pixel + 2]])
      for (let channel = 0; channel < 3; channel++) {
        const muted = light + SATURATION * (image[pixel + channel] - light)
        const level = tone(muted * gains[channel] * fall)
        const grain = film.grain * (0.8 * grey + 0.5 * normal(random)) * (1.2 - 0.7 * level)
        bytes[pixel + channel] = clamp(Math.round(255 * level + grain), 0, 255)
      }
    }
  }
  return bytes
}
