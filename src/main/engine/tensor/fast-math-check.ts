/** Whether convolutions that may round to bfloat16 still agree with float64 on this processor. */
import type { Tensor4D } from '@tensorflow/tfjs-core'
import { mulberry32 } from '../../../core/random.ts'
import { convolve, convolveFilterGradient } from './operations.ts'
import { tf } from './tensorflow.ts'

const SIDE = 24
const CHANNELS = 32
/**
 * bfloat16 keeps 8 bits: each product is off by at most 2⁻⁷ of itself, and the errors of the sums that are compared
 * here mostly cancel. A processor or library that gets it wrong is off by far more.
 */
const TOLERANCE = 0.02

export function fastMathAgrees(): boolean {
  const random = mulberry32(1)
  const values = (count: number) => Float32Array.from({ length: count }, () => random() - 0.5)
  const pixels = values(SIDE * SIDE * CHANNELS)
  const weights = values(9 * CHANNELS * CHANNELS)
  const outputs = tf.tidy(() => {
    const x = tf.tensor4d(pixels, [1, SIDE, SIDE, CHANNELS]) as Tensor4D
    const filter = tf.tensor4d(weights, [3, 3, CHANNELS, CHANNELS]) as Tensor4D
    const y = convolve(x, filter, { stride: 1, padding: 1 })
    const dfilter = convolveFilterGradient(x, filter.shape, y, { stride: 1, padding: 1 })
    return [y.dataSync(), dfilter.dataSync()] as Float32Array[]
  })
  const [y, dfilter] = outputs
  return (
    close(y, (k) => outputAt(pixels, weights, k)) && close(dfilter, (k) => filterGradientAt(pixels, y, k))
  )
}

/** Compares a sample of the values, relative to the largest. */
function close(actual: Float32Array, expected: (index: number) => number): boolean {
  let largest = 0
  let worst = 0
  for (let k = 0; k < actual.length; k += 97) {
    const value = expected(k)
    largest = Math.max(largest, Math.abs(value))
    worst = Math.max(worst, Math.abs(actual[k] - value))
  }
  return worst <= TOLERANCE * largest
}

const at = (row: number, column: number, channel: number) => (row * SIDE + column) * CHANNELS + channel
const inside = (row: number, column: number) => row >= 0 && row < SIDE && column >= 0 && column < SIDE

function outputAt(pixels: Float32Array, weights: Float32Array, index: number): number {
  const out = index % CHANNELS
  const column = Math.floor(index / CHANNELS) % SIDE
  const row = Math.floor(index / CHANNELS / SIDE)
  let sum = 0
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      if (!inside(row + i - 1, column + j - 1)) continue
      for (let c = 0; c < CHANNELS; c++) {
        sum +=
          pixels[at(row + i - 1, column + j - 1, c)] * weights[((i * 3 + j) * CHANNELS + c) * CHANNELS + out]
      }
    }
  }
  return sum
}

function filterGradientAt(pixels: Float32Array, dy: Float32Array, index: number): number {
  const out = index % CHANNELS
  const input = Math.floor(index / CHANNELS) % CHANNELS
  const cell = Math.floor(index / CHANNELS / CHANNELS)
  const [i, j] = [Math.floor(cell / 3), cell % 3]
  let sum = 0
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      if (inside(row + i - 1, column + j - 1)) {
        sum += pixels[at(row + i - 1, column + j - 1, input)] * dy[at(row, column, out)]
      }
    }
  }
  return sum
}
