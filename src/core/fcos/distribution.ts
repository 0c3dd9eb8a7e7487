/** How many locations learn each box, summed up over a data set. */
export interface Distribution {
  /** Boxes counted. The other figures are null if there are none. */
  readonly boxes: number
  readonly mean: number | null
  readonly median: number | null
  readonly max: number | null
  readonly histogram: readonly Bin[]
}

/** Boxes with `from` to `to` locations, both included; to is null in the last bin. */
export interface Bin {
  readonly from: number
  readonly to: number | null
  readonly boxes: number
}

/** Doubling bins: a box in the middle of its level's range has 9 locations or so with center sampling, hundreds without. */
const BIN_STARTS = [0, 1, 2, 4, 8, 16, 32, 64]

/** counts: locations per box, in any order. */
export function distribution(counts: readonly number[]): Distribution {
  const sorted = Int32Array.from(counts).sort()
  const boxes = sorted.length
  const middle = boxes >> 1
  return {
    boxes,
    mean: boxes === 0 ? null : sorted.reduce((sum, count) => sum + count, 0) / boxes,
    median: boxes === 0 ? null : boxes % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2,
    max: boxes === 0 ? null : sorted[boxes - 1],
    histogram: BIN_STARTS.map((from, i) => {
      const next = BIN_STARTS[i + 1] ?? Number.POSITIVE_INFINITY
      const inBin = sorted.reduce((sum, count) => sum + Number(count >= from && count < next), 0)
      return { from, to: next === Number.POSITIVE_INFINITY ? null : next - 1, boxes: inBin }
    }),
  }
}
