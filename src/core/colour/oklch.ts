/** OKLCH (Ottosson 2020; CSS Color 4): equal steps in lightness, chroma or hue look equal. */

/**
 * Converts a colour to "#rrggbb". Outside sRGB, the chroma is reduced to the highest value that sRGB has.
 *
 * @param lightness 0 … 1
 * @param chroma from 0; sRGB reaches 0.32
 * @param hue degrees
 */
export function oklchToHex(lightness: number, chroma: number, hue: number): string {
  if (isInGamut(linearRgb(lightness, chroma, hue))) return hex(linearRgb(lightness, chroma, hue))
  let [inside, outside] = [0, chroma]
  while (outside - inside > 1e-4) {
    const middle = (inside + outside) / 2
    if (isInGamut(linearRgb(lightness, middle, hue))) inside = middle
    else outside = middle
  }
  return hex(linearRgb(lightness, inside, hue))
}

type Triple = readonly [number, number, number]

function linearRgb(lightness: number, chroma: number, hue: number): Triple {
  const a = chroma * Math.cos((hue * Math.PI) / 180)
  const b = chroma * Math.sin((hue * Math.PI) / 180)
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ]
}

/** Whether all channels round to 0 … 255. */
const isInGamut = (rgb: Triple): boolean => rgb.every((value) => value >= -1e-4 && value <= 1 + 1e-4)

function hex(rgb: Triple): string {
  const digits = rgb.map((linear) => {
    const value = Math.min(Math.max(linear, 0), 1)
    const encoded = value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055
    return Math.round(255 * encoded)
      .toString(16)
      .padStart(2, '0')
  })
  return `#${digits.join('')}`
}
