/** Bars of one or several parts, side by side or on top of each other. */
import type { ScaleBand } from 'd3-scale'
import type { Scale } from './axis.ts'

export interface Bar {
  readonly label: string
  /** One per part. */
  readonly values: readonly number[]
  /** Instead of the part's. */
  readonly colour?: string
  /** Additional rows of the readout. */
  readonly detail?: readonly { readonly name: string; readonly value: string }[]
}

export type BarLayout = 'stacked' | 'grouped'

/** How far each bar reaches. */
export const extents = (bars: readonly Bar[], layout: BarLayout): number[] =>
  bars.map(({ values }) =>
    layout === 'stacked' ? values.reduce((sum, value) => sum + value, 0) : Math.max(0, ...values),
  )

/** Pixels from the plot's corner. */
export interface BarRect {
  readonly bar: number
  readonly part: number
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Parts of no length are left out. */
export function barRects(
  bars: readonly Bar[],
  scale: Scale,
  along: ScaleBand<number>,
  layout: BarLayout,
  horizontal: boolean,
): BarRect[] {
  return bars.flatMap(({ values }, bar) => {
    const grouped = layout === 'grouped'
    const thickness = grouped ? along.bandwidth() / values.length : along.bandwidth()
    let before = 0
    return values.flatMap((value, part) => {
      const from = scale(grouped ? 0 : before)
      const to = scale(grouped ? value : before + value)
      before += value
      if (value === 0) return []
      const across = along(bar)! + (grouped ? part * thickness : 0)
      // Keep even the smallest bar visible.
      const length = Math.max(1, Math.abs(to - from))
      const rect = horizontal
        ? {
            x: Math.min(from, to),
            y: across,
            width: length,
            height: Math.max(1, thickness - Number(grouped)),
          }
        : {
            x: across,
            y: Math.min(from, to),
            width: Math.max(1, thickness - Number(grouped)),
            height: length,
          }
      return [{ bar, part, ...rect }]
    })
  })
}
