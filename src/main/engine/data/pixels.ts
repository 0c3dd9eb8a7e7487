/** From 8-bit RGB to the network's normalised input. */
import type { InputConfig } from '../../../core/detectors/model-config.ts'

/** Maps a run of RGB triples in place, from [0, 255] to network input. Commutes with interpolation up to its clamp. */
export type PixelMap = (rgb: Float32Array) => void

/** (v / 255 − mean) / std per channel. */
export function normalise({ mean, std }: Pick<InputConfig, 'mean' | 'std'>): PixelMap {
  const [sr, sg, sb] = std.map((s) => 1 / (255 * s))
  const [or, og, ob] = mean.map((m, c) => -m / std[c])
  return (rgb) => {
    for (let i = 0; i < rgb.length; i += 3) {
      rgb[i] = rgb[i] * sr + or
      rgb[i + 1] = rgb[i + 1] * sg + og
      rgb[i + 2] = rgb[i + 2] * sb + ob
    }
  }
}
