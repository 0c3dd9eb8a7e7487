/** Bins of a histogram, in order and without gaps: `from` ≤ value < `to`; null: open. */
export interface HistogramBin {
  readonly from: number | null
  readonly to: number | null
  readonly count: number
}

/** Removes empty bins at both ends, so that the data fills the chart. */
export function trimmed(bins: readonly HistogramBin[]): readonly HistogramBin[] {
  const first = bins.findIndex(({ count }) => count > 0)
  const last = bins.findLastIndex(({ count }) => count > 0)
  return first < 0 ? [] : bins.slice(first, last + 1)
}

/** Where a value lies, in bins from the start of the first: bins are equally wide, whatever they span. */
export function placeIn(bins: readonly HistogramBin[], value: number): number | undefined {
  const at = bins.findIndex(({ from, to }) => value >= (from ?? -Infinity) && value < (to ?? Infinity))
  if (at < 0) return undefined
  const { from, to } = bins[at]!
  return from === null || to === null ? at + 0.5 : at + (value - from) / (to - from)
}

export function binName({ from, to }: HistogramBin, format: (value: number) => string): string {
  if (from === null) return to === null ? 'all' : `below ${format(to)}`
  return to === null ? `${format(from)} and more` : `${format(from)} to ${format(to)}`
}
