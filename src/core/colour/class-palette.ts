import { oklchToHex } from './oklch.ts'

/** Hues that people with a colour vision deficiency tell apart (Okabe and Ito 2008), without their black. */
const OKABE_ITO = ['#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7'] as const

/** Each further rotation by this angle falls into one of the widest gaps between earlier hues. */
const GOLDEN_ANGLE = 180 * (3 - Math.sqrt(5))
/** Neighbours in the list also differ in lightness, which is visible with any colour vision. */
const LIGHTNESS = [0.8, 0.5, 0.65]

const further: string[] = []

/** The colour of the class at an index, "#rrggbb": constant, and distinct for each of the first hundred. */
export function classColour(index: number): string {
  const extra = index - OKABE_ITO.length
  if (extra < 0) return OKABE_ITO[index]
  further[extra] ??= oklchToHex(LIGHTNESS[extra % LIGHTNESS.length], 0.16, extra * GOLDEN_ANGLE)
  return further[extra]
}
