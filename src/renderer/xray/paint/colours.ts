import { classColour } from '../../../core/colour/class-palette.ts'
import { type ColourMap, colourTable } from '../../../core/colour/colour-maps.ts'

const STEPS = 256
const tables = new Map<ColourMap, readonly string[]>()

/** A map's colours as CSS colours, from its low end. */
function cssTable(map: ColourMap): readonly string[] {
  let table = tables.get(map)
  if (!table) {
    const bytes = colourTable(map)
    table = Array.from({ length: STEPS }, (_, i) => `rgb(${bytes.subarray(3 * i, 3 * i + 3).join(' ')})`)
    tables.set(map, table)
  }
  return table
}

/** The colour of a value, clamped to [0, 1]. */
export function heat(map: ColourMap): (value: number) => string {
  const table = cssTable(map)
  return (value) => table[Math.min(STEPS - 1, Math.max(0, Math.floor(value * STEPS)))]!
}

/** A CSS gradient from the low to the high end. */
export const gradient = (map: ColourMap): string =>
  `linear-gradient(90deg, ${cssTable(map)
    .filter((_, i) => i % 15 === 0)
    .join(', ')})`

/** A colour for each box of an image; the first seven are colour-blind safe. */
export const ownerColour = classColour
