import { type DistanceRule, distance } from './distances.ts'
import type { Pyramid } from './levels.ts'

/**
 * What every location predicts: [L,4] distances l, t, r, b in pixels of the network's input.
 *
 * @param regression [L,4] before exp or relu
 * @param scales [levels] learned scale of each level's regression; 1 each if null
 */
export function predictedDistances(
  regression: Float32Array,
  { levels }: Pyramid,
  rule: DistanceRule,
  scales: Float32Array | null,
): Float32Array {
  const distances = new Float32Array(regression.length)
  for (const [i, { first, rows, columns, stride }] of levels.entries()) {
    const scale = scales?.[i] ?? 1
    for (let k = first * 4; k < (first + rows * columns) * 4; k++) {
      distances[k] = distance(rule, scale * regression[k], stride)
    }
  }
  return distances
}
