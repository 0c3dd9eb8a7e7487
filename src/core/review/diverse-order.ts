/** An order of useful items that does not show near-duplicates one after the other. */

export interface Placed {
  /** At least 0. */
  readonly value: number
  /** Of one length for all, such as an embedding; only its direction counts. */
  readonly embedding: Float32Array
}

/**
 * Indices of the `length` items to take first: farthest-first traversal (greedy k-center), weighted by value. The most
 * valuable item comes first; then always the one of highest value · d, where d is its least cosine distance
 * (1 − cos, in [0, 2]) to any item taken before or to `seen` ones. Of equal products the more valuable goes first, then
 * the earlier. Costs length · items · dimensions.
 *
 * @param seen embeddings of what the person has worked on already; near them there is little to learn
 */
export function diverseOrder(
  items: readonly Placed[],
  length: number,
  seen: readonly Float32Array[] = [],
): number[] {
  const directions = items.map(({ embedding }) => normalised(embedding))
  // Nothing is farther than 2, so that the first is chosen by value.
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

/** Length 1; a vector of zeros stays one, and is at distance 1 from all. */
function normalised(vector: Float32Array): Float32Array {
  const norm = Math.sqrt(dot(vector, vector))
  return norm === 0 ? vector : vector.map((value) => value / norm)
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
