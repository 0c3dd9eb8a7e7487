import { classColour } from '../../../core/colour/class-palette.ts'
import { type ColourMap, colourTable } from '../../../core/colour/colour-maps.ts'

const STEPS = 256

interface Heat {
  readonly css: readonly string[]
  readonly pixels: Uint32Array
}

const heats = new Map<ColourMap, Heat>()

function heatOf(map: ColourMap): Heat {
  let heat = heats.get(map)
  if (!heat) {
    const bytes = colourTable(map)
    const rgb = Array.from({ length: STEPS }, (_, i) => bytes.subarray(3 * i, 3 * i + 3))
    heat = {
      css: rgb.map((colour) => `rgb(${colour.join(' ')})`),
      pixels: new Uint32Array(Uint8Array.from(rgb.flatMap((colour) => [...colour, 255])).buffer),
    }
    heats.set(map, heat)
  }
  return heat
}

/** The place of a value among the colours of a map; values are clamped to [0, 1]. */
export const heatStep = (value: number): number => Math.min(STEPS - 1, Math.max(0, Math.floor(value * STEPS)))

/** A map's colours as CSS colours, from its low end. */
export const heatColours = (map: ColourMap): readonly string[] => heatOf(map).css

/** The same as pixels of an ImageData. */
export const heatPixels = (map: ColourMap): Uint32Array => heatOf(map).pixels

/** A CSS gradient from the low to the high end. */
export const gradient = (map: ColourMap): string =>
  `linear-gradient(90deg, ${heatColours(map)
    .filter((_, i) => i % 15 === 0)
    .join(', ')})`

/** A colour for each box of an image; the first seven are colour-blind safe. */
export const ownerColour = classColour
