/** The canvas's own colours, as CSS colours: read from the theme's variables, and set again when the theme changes. */
export interface CanvasColours {
  /** Around the image. */
  readonly background: string
  /** Stands in for a picture that is still loading. */
  readonly placeholder: string
  /** Outline of the selection: white, so that it differs from every class colour. */
  readonly selection: string
  /** Handles, rubber band. */
  readonly accent: string
  readonly handle: string
  /** An outline that is cut out of another. */
  readonly loss: string
  /** Under lines and tags, so that they stay visible on any picture. */
  readonly halo: string
  readonly crosshair: string
  /** Between pixels at high zoom. */
  readonly grid: string
}

/** Black or white, whichever is easier to read on #rrggbb: the one with more contrast by WCAG's relative luminance. */
export function inkOn(colour: string): string {
  const channel = (at: number) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  const luminance = 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
  // (L + 0.05) / 0.05 = 1.05 / (L + 0.05) at L = 0.179
  return luminance > 0.179 ? '#000000' : '#ffffff'
}
