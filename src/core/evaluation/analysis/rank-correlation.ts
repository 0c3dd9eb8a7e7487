/** Ranks 1 … N from the least value; equal values share the mean of their ranks. */
export function averageRanks(values: Float64Array): Float64Array {
  const order = new Uint32Array(values.length).map((_, i) => i).sort((a, b) => values[a]! - values[b]!)
  const ranks = new Float64Array(values.length)
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++
    for (let i = start; i < end; i++) ranks[order[i]!] = (start + 1 + end) / 2
  }
  return ranks
}

/** Spearman's ρ: Pearson's correlation of the ranks; null where either list is constant or has fewer than two values. */
export function spearman(x: Float64Array, y: Float64Array): number | null {
  const p = averageRanks(x)
  const q = averageRanks(y)
  const mean = (x.length + 1) / 2
  let covariance = 0
  let varianceX = 0
  let varianceY = 0
  for (let i = 0; i < x.length; i++) {
    covariance += (p[i]! - mean) * (q[i]! - mean)
    varianceX += (p[i]! - mean) ** 2
    varianceY += (q[i]! - mean) ** 2
  }
  return varianceX === 0 || varianceY === 0 ? null : covariance / Math.sqrt(varianceX * varianceY)
}
