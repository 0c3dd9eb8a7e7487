/**
 * Orders by small integer keys, as counting sorts: linear in the number of rows, and stable, which the COCO
 * protocol's handling of equal scores relies on (pycocotools sorts with mergesort).
 */

export interface Key {
  /** One integer in [0, size) per row. */
  readonly of: Uint32Array
  readonly size: number
}

/** Row numbers sorted by the first key, rows equal in it by the second, and so on; rows equal in all stay in order. */
export function stableOrder(rows: number, keys: readonly Key[]): Uint32Array {
  let order = new Uint32Array(rows).map((_, row) => row)
  for (const key of keys.toReversed()) order = stableSortBy(key, order)
  return order
}

function stableSortBy({ of, size }: Key, order: Uint32Array): Uint32Array<ArrayBuffer> {
  const next = new Uint32Array(size + 1)
  for (const row of order) next[of[row]! + 1]!++
  for (let value = 0; value < size; value++) next[value + 1]! += next[value]!
  const sorted = new Uint32Array(order.length)
  for (const row of order) sorted[next[of[row]!]!++] = row
  return sorted
}

/** Each value's place among the distinct values, the greatest first. Equal values share a place. Values are finite. */
export function descendingRank(values: Float64Array): Key {
  const sorted = values.toSorted()
  let count = 0
  for (let i = 0; i < sorted.length; i++)
    if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[count++] = sorted[i]!
  const distinct = sorted.subarray(0, count)
  const of = new Uint32Array(values.length)
  for (let row = 0; row < values.length; row++) {
    of[row] = distinct.length - 1 - indexOf(distinct, values[row]!)
  }
  return { of, size: distinct.length }
}

/** Index of a value in an ascending list that contains it. */
function indexOf(ascending: Float64Array, value: number): number {
  let low = 0
  let high = ascending.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ascending[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
