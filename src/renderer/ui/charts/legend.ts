/** A kind of mark and its name; colours are any that CSS knows, also `var(--series-1)`. */
export interface LegendEntry {
  readonly name: string
  readonly colour: string
  readonly dashed?: boolean
}

/** Colours of the theme for what has none of its own: first, second, … */
export const SERIES_COLOURS = [1, 2, 3, 4, 5, 6].map((n) => `var(--series-${n})`)

/** A value to compare with, drawn as a line across the plot. */
export interface Reference {
  readonly value: number
  readonly label: string
}
