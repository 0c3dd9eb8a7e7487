/** Black or white, whichever contrasts more with a colour (WCAG relative luminance). */
export function inkOn(colour: string): string {
  const linear = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  const luminance = 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!
  // Where the contrast ratios (L + 0.05) / 0.05 and 1.05 / (L + 0.05) are equal.
  return luminance > Math.sqrt(1.05 * 0.05) - 0.05 ? '#000000' : '#ffffff'
}
