/** Compares the raw outputs of two runtimes for one input. */
import type { Outputs } from '../../../core/detectors/detector.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import type { NetworkInput } from '../data/preprocess.ts'
import { weightsOf } from '../onnx/network.ts'
import { onnxRunner } from '../onnx/session.ts'
import type { Checkpoint } from '../weights/checkpoint.ts'

/**
 * Largest allowed difference between raw outputs in float32, relative to the largest value: far more than another order of
 * summation causes.
 */
const TOLERANCE = 1e-3
/**
 * A runtime that also rounds activations may be this many times as far off, in each channel, as rounding the weights alone.
 * OpenVINO was 0.9 to 2.4 times as far off, on trained and untrained models. Wrong outputs were further off: 9 to 104 times where
 * they were shifted by a location, 9 to 300 times where two channels were swapped, and 6 to 108 times where they were 5 % too large,
 * except the centerness of an untrained head, which this bound does not catch.
 */
const ROUNDINGS = 4

/** Whether both are float32 and the same. */
export const agrees = (wanted: Outputs, found: Outputs): boolean =>
  largestDifference(wanted, found) <= TOLERANCE

/** Relative to the largest value of each output; NaN counts as infinite. */
function largestDifference(wanted: Outputs, found: Outputs): number {
  let worst = 0
  for (const [name, values] of Object.entries(wanted)) {
    const others = found[name]
    if (others?.length !== values.length) return Infinity
    let [largest, apart] = [1, 0]
    for (let i = 0; i < values.length; i++) {
      largest = Math.max(largest, Math.abs(values[i]))
      apart = Math.max(apart, Math.abs(values[i] - others[i]))
    }
    worst = Math.max(worst, Number.isNaN(apart) ? Infinity : apart / largest)
  }
  return worst
}

/**
 * Root mean squares, by channel of each output, of the change that rounding the weights to bfloat16 makes, with everything else in
 * float32. It tells how sensitive this model is to rounding, which no fixed bound does: an untrained head, whose outputs hardly vary,
 * is ten times as sensitive as a trained one.
 *
 * @param exact the float32 outputs of ONNX Runtime.
 */
export async function roundingOf(
  checkpoint: Checkpoint,
  input: NetworkInput,
  exact: Outputs,
): Promise<ReadonlyMap<string, Float64Array>> {
  const weights = weightsOf(checkpoint.tensors)
  const tensors = new Map(
    [...checkpoint.tensors].map(([name, tensor]) => {
      const isConvolution = tensor.shape.length === 4
      if (!isConvolution) return [name, tensor] as const
      const { buffer } = toBfloat16(weights.values(name))
      return [name, { dtype: 'F32', shape: tensor.shape, bytes: new Uint8Array(buffer) }] as const
    }),
  )
  const runner = await onnxRunner({ ...checkpoint, tensors })
  const [{ outputs }] = (await runner.raw(input)).images
  runner.dispose()
  return new Map(
    channelsOf(checkpoint).map(([name, channels]) => [name, apart(exact[name], outputs[name], channels)]),
  )
}

/** Whether `found`, computed in bfloat16, is no further from `wanted` than rounding accounts for. */
export const agreesUpToRounding = (
  checkpoint: Checkpoint,
  rounding: ReadonlyMap<string, Float64Array>,
  wanted: Outputs,
  found: Outputs,
): boolean =>
  channelsOf(checkpoint).every(([name, channels]) => {
    if (found[name]?.length !== wanted[name].length) return false
    const expected = rounding.get(name)!
    // False where the difference is NaN.
    return apart(wanted[name], found[name], channels).every((off, c) => off <= ROUNDINGS * expected[c] + 1e-6)
  })

const channelsOf = ({ config }: Checkpoint): [string, number][] =>
  detectorOf(config)
    .head(config)
    .towers.flatMap(({ outputs }) => outputs.map(({ name, channels }): [string, number] => [name, channels]))

/** The root mean square of the difference, by channel, of outputs [L, channels]. */
function apart(a: Float32Array, b: Float32Array, channels: number): Float64Array {
  const sums = new Float64Array(channels)
  for (let i = 0; i < a.length; i++) sums[i % channels] += (a[i] - b[i]) ** 2
  return sums.map((sum) => Math.sqrt((sum * channels) / a.length))
}

/** Rounds to the nearest bfloat16, ties to even. The values stay float32. */
function toBfloat16(values: Float32Array): Float32Array<ArrayBuffer> {
  const rounded = Float32Array.from(values)
  const bits = new Uint32Array(rounded.buffer)
  for (let i = 0; i < bits.length; i++) bits[i] = (bits[i] + 0x7fff + ((bits[i] >>> 16) & 1)) & 0xffff0000
  return rounded
}
