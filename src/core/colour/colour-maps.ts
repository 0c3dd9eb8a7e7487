import { COLOUR_TABLES } from './tables.ts'

export type ColourMap = keyof typeof COLOUR_TABLES
export const COLOUR_MAPS = Object.keys(COLOUR_TABLES) as ColourMap[]

/** The 256 colours of a map, from its low end: [256·3] R, G, B in 0…255. */
export function colourTable(map: ColourMap): Uint8Array {
  const digits = COLOUR_TABLES[map].replaceAll(/\s/g, '')
  return Uint8Array.from({ length: 256 * 3 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16))
}
