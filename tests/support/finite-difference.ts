type Values = Float32Array | Float64Array

/**
 * Central difference of `loss` by element `at` of `values`, which is put back afterwards. The step is what the array's
 * precision made of it, so float32 inputs are differenced exactly.
 */
export function centralDifference(loss: () => number, values: Values, at: number, step: number): number {
  const original = values[at]
  values[at] = original + step
  const high = values[at]
  const above = loss()
  values[at] = original - step
  const low = values[at]
  const below = loss()
  values[at] = original
  return (above - below) / (high - low)
}
