/** Orders items by usefulness, and keeps near-duplicates apart. */

export interface Placed {
  /** At least 0. */
  readonly value: number
  /** An embedding, of the same length for all items; only its direction matters. */
  readonly embedding: Float32Array
}

/**
 * Indices of the `length` items to take first: farthest-first traversal (greedy k-center), weighted by value. The most
 * valuable item comes first; then always the one of highest value · d, where d is its least cosine distance
 * (1 − cos, in [0, 2]) to any item taken before or to `seen` ones. Of equal products the more valuable goes first, then
 * the earlier. Costs length · items · dimensions.
 *
 * @param seen embeddings of images that were already reviewed; images close to them teach little
 */
export function diverseOrder(
  items: readonly Placed[],
  length: number,
  seen: readonly Float32Array[] = [],
): number[] {
  const directions = items.map(({ embedding }) => normalised(embedding))
  // The largest cosine distance is 2, so the first item is chosen by value alone.
  const distance = new Float64Array(items.length).fill(2)
  const keepAwayFrom = (direction: Float32Array) => {
    for (const [i, other] of directions.entries()) {
      distance[i] = Math.min(distance[i]!, Math.max(0, 1 - dot(other, direction)))
    }
  }
  for (const embedding of seen) keepAwayFrom(normalised(embedding))
  const left = new Set(items.keys())
  const order: number[] = []
  while (order.length < length && left.size > 0) {
    const next = best(left, items, distance)
    left.delete(next)
    order.push(next)
    keepAwayFrom(directions[next]!)
  }
  return order
}

function best(left: ReadonlySet<number>, items: readonly Placed[], distance: Float64Array): number {
  let best = -1
  let product = -1
  for (const i of left) {
    const candidate = items[i]!.value * distance[i]!
    if (candidate < product || (candidate === product && items[i]!.value <= items[best]!.value)) continue
    best = i
    product = candidate
  }
  return best
}

/** Scales a vector to length 1. A zero vector stays unchanged, and has distance 1 to all others. */
function normalised(vector: Float32Array): Float32Array {
  const norm = Math.sqrt(dot(vector, vector))
  return norm === 0 ? vector : vector.map((value) => value / norm)
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
