/**
 * Colour jitter as one linear map of RGB, so that it costs nine multiplications per pixel whatever is varied. Brightness,
 * contrast and saturation are torchvision's ColorJitter's blends; contrast pivots on the network's mean colour instead of
 * the image's, which spares a pass; hue turns the chroma plane of YUV, which keeps luma, instead of HSV's hexagon.
 */

import type { AugmentConfig } from '../../../../core/contract/augmentation.ts'
import type { InputConfig } from '../../../../core/detectors/model-config.ts'
import type { Random } from '../../../../core/random.ts'
import { normalise, type PixelMap } from '../pixels.ts'

export interface ColourShift {
  /** Factors; 1 changes nothing. */
  readonly brightness: number
  readonly contrast: number
  readonly saturation: number
  /** Turns; 0 changes nothing. */
  readonly hue: number
}

export function drawColour(random: Random, config: AugmentConfig): ColourShift {
  const around = (centre: number, halfWidth: number) => centre + (2 * random() - 1) * halfWidth
  return {
    brightness: around(1, config.brightness),
    contrast: around(1, config.contrast),
    saturation: around(1, config.saturation),
    hue: around(0, config.hue),
  }
}

/** Shifts colours, clamps to [0, 255] and normalises. Order: brightness, contrast, saturation and hue. */
export function shiftAndNormalise(shift: ColourShift, input: Pick<InputConfig, 'mean' | 'std'>): PixelMap {
  const toInput = normalise(input)
  const { brightness, contrast, saturation, hue } = shift
  if (brightness === 1 && contrast === 1 && saturation === 1 && hue === 0) return toInput

  const chroma = chromaMatrix(saturation, hue)
  const [m00, m01, m02, m10, m11, m12, m20, m21, m22] = chroma.map((m) => m * brightness * contrast)
  const pivot = input.mean.map((m) => 255 * m * (1 - contrast))
  const [o0, o1, o2] = [0, 3, 6].map(
    (row) => chroma[row] * pivot[0] + chroma[row + 1] * pivot[1] + chroma[row + 2] * pivot[2],
  )
  return (rgb) => {
    for (let i = 0; i < rgb.length; i += 3) {
      const r = rgb[i]
      const g = rgb[i + 1]
      const b = rgb[i + 2]
      rgb[i] = clamp(m00 * r + m01 * g + m02 * b + o0)
      rgb[i + 1] = clamp(m10 * r + m11 * g + m12 * b + o1)
      rgb[i + 2] = clamp(m20 * r + m21 * g + m22 * b + o2)
    }
    toInput(rgb)
  }
}

const clamp = (value: number): number => Math.min(Math.max(value, 0), 255)

/** Row-major 3×3: keeps luma, scales chroma by `saturation` and turns it by `hue` in the U, V plane (BT.601). */
function chromaMatrix(saturation: number, hue: number): number[] {
  const cos = saturation * Math.cos(2 * Math.PI * hue)
  const sin = saturation * Math.sin(2 * Math.PI * hue)
  const map = (r: number, g: number, b: number) => {
    const y = 0.299 * r + 0.587 * g + 0.114 * b
    const u = 0.492 * (b - y)
    const v = 0.877 * (r - y)
    const red = y + (sin * u + cos * v) / 0.877
    const blue = y + (cos * u - sin * v) / 0.492
    return [red, (y - 0.299 * red - 0.114 * blue) / 0.587, blue]
  }
  const columns = [map(1, 0, 0), map(0, 1, 0), map(0, 0, 1)]
  return [0, 1, 2].flatMap((row) => columns.map((column) => column[row]))
}
