import { oklchToHex } from './oklch.ts'

/** Hues that people with a colour vision deficiency tell apart (Okabe and Ito 2008), without their black. */
const OKABE_ITO = ['#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7'] as const

/** Each turn of the wheel by it falls into the widest gap that the earlier ones left. */
const GOLDEN_ANGLE = 180 * (3 - Math.sqrt(5))
/** Neighbours in the list differ in lightness, too, which every eye sees. */
const LIGHTNESS = [0.8, 0.5, 0.65]

/** The colour of the class at an index, "#rrggbb": always the same, and another for each of the first hundred. */
export function classColour(index: number): string {
  const extra = index - OKABE_ITO.length
  if (extra < 0) return OKABE_ITO[index]
  return oklchToHex(LIGHTNESS[extra % LIGHTNESS.length], 0.16, extra * GOLDEN_ANGLE)
}
