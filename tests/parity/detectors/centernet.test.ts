/** CenterNet's losses, decoding and up-sampling, against what its authors' program and torch compute. */
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import { describe, expect, it } from 'vitest'
import { lite0Preset } from '../../../src/core/detectors/centernet/config.ts'
import { CENTERNET } from '../../../src/core/detectors/centernet/index.ts'
import type { CenterNetTargets } from '../../../src/core/detectors/centernet/targets.ts'
import { tensorOf } from '../../../src/core/formats/tensor-values.ts'
import { toTorchLayout } from '../../../src/main/engine/model/filter-layout.ts'
import { Upsampling } from '../../../src/main/engine/model/layers/upsampling.ts'
import { Parameter } from '../../../src/main/engine/model/parameter.ts'
import { Tape, Value } from '../../../src/main/engine/model/tape.ts'
import { tf } from '../../../src/main/engine/tensor/tensorflow.ts'
import { fixture } from '../../support/fixtures.ts'
import { formulaOutputs } from '../../support/formula.ts'
import { largestDifference } from '../../support/largest-difference.ts'

interface Loss {
  hm: number
  wh: number
  off: number
  num_pos: number
}
const { values, has, json } = fixture<{
  cases: { output_wh: [number, number] }[]
  losses: Record<string, Loss>
}>('centernet')

const CLASSES = 3
const config = lite0Preset(['a', 'b', 'c'].map((name, id) => ({ id, name })))

/** [N,channels,cells] of torch → [N,cells,channels]. */
function channelsLast(of: Float32Array, channels: number, cells: number): Float32Array {
  return of.map((_, at) => {
    const [n, rest] = [Math.floor(at / (channels * cells)), at % (channels * cells)]
    return of[(n * channels + (rest % channels)) * cells + Math.floor(rest / channels)]!
  })
}

function targetsOf(index: number): CenterNetTargets {
  const [columns, rows] = json.cases[index]!.output_wh
  const used = has(`${index}.mask`) ? values(`${index}.mask`) : []
  const of = (name: string) => Float32Array.from(used.length > 0 ? values(`${index}.${name}`) : [])
  return {
    ...{ columns, rows, size: of('wh'), offset: of('reg') },
    heatmap: has(`${index}.hm`)
      ? Float32Array.from(values(`${index}.hm`))
      : new Float32Array(CLASSES * rows * columns),
    index: Int32Array.from(used, (it, gt) => (it ? values(`${index}.ind`)[gt]! : -1)),
    radius: new Int32Array(used.length),
  }
}

describe('losses', () => {
  it.each([
    ['case1', [1]],
    ['batch_of_0_and_1', [0, 1]],
    ['no_objects', [5]],
  ] as const)('%s', (name, images) => {
    const targets = images.map(targetsOf)
    const [{ columns, rows }] = targets as [CenterNetTargets]
    const cells = columns * rows
    const raw = (part: string, channels: number, scale: number, shift: number) =>
      formulaOutputs(`centernet/${name}/${part}`, images.length * channels * cells, scale, shift)
    const heat = raw('hm', CLASSES, 4, -3)
    for (let i = 0; i < heat.length; i += 997) heat[i] = 12
    for (let i = 5; i < heat.length; i += 1009) heat[i] = -12
    const outputs = {
      heat: channelsLast(heat, CLASSES, cells),
      size: channelsLast(raw('wh', 2, 20, 15), 2, cells),
      offset: channelsLast(raw('reg', 2, 1, 0), 2, cells),
    }
    const gradients = Object.fromEntries(
      Object.entries(outputs).map(([key, of]) => [key, new Float32Array(of.length)]),
    )
    const loss = CENTERNET.loss({
      ...{ config, outputs, targets, gradients, parameters: {} },
      grid: CENTERNET.grid({ width: columns * 4, height: rows * 4 }, config),
      normaliser: (peaks) => Math.max(1, peaks),
    })
    const theirs = json.losses[name]!
    expect(loss.losses.heat! / theirs.hm).toBeCloseTo(1, 4)
    expect(loss.losses.size!).toBeCloseTo(0.1 * theirs.wh, 4)
    expect(loss.losses.offset!).toBeCloseTo(theirs.off, 4)
    expect(loss.positives).toBe(theirs.num_pos)
    if (name !== 'case1') return
    const grad = channelsLast(Float32Array.from(values('loss.case1.grad_hm')), CLASSES, cells)
    expect(largestDifference(gradients.heat!, grad)).toBeLessThan(1e-5)
    for (const [key, theirName] of [
      ['size', 'wh'],
      ['offset', 'reg'],
    ] as const) {
      const at = values('loss.case1.cells')
      const expected = new Float32Array(cells * 2)
      const theirs = values(`loss.case1.grad_${theirName}_at_cells`)
      for (const [i, cell] of at.entries()) {
        for (const side of [0, 1]) expected[cell * 2 + side] = theirs[side * at.length + i]!
      }
      expect(largestDifference(gradients[key]!, expected)).toBeLessThan(1e-6)
    }
  })
})

describe('decoding', () => {
  it.each(['noise', 'ties'])('%s: peaks, their boxes and scores', (name) => {
    const [rows, columns] = name === 'noise' ? [48, 56] : [24, 32]
    const cells = rows * columns
    const logits =
      name === 'noise'
        ? formulaOutputs('centernet/decode/noise/hm', CLASSES * cells, 3, -2)
        : // Their probabilities as logits, whose sigmoid is them to the last bit or nearly.
          Float32Array.from(values('decode.ties.hm'), (p) => Math.log(p / (1 - p)))
    const outputs = {
      heat: channelsLast(logits, CLASSES, cells),
      size: channelsLast(formulaOutputs(`centernet/decode/${name}/wh`, 2 * cells, 6, 8), 2, cells),
      offset: channelsLast(formulaOutputs(`centernet/decode/${name}/reg`, 2 * cells, 0.5, 0.5), 2, cells),
    }
    const size = { width: columns * 4, height: rows * 4 }
    const found = CENTERNET.decode({
      ...{ config, outputs, parameters: {}, image: size, candidatesPerLevel: 100 },
      grid: CENTERNET.grid(size, config),
      scoreThreshold: name === 'noise' ? 0 : 0.02,
    })
    const theirs = values(`decode.${name}.dets`)
    const row = (i: number) => theirs.slice(i * 6, i * 6 + 6)
    const clip = (cell: number, side: number) => Math.min(Math.max(cell * 4, 0), side)
    const expected = Array.from({ length: theirs.length / 6 }, (_, i) => row(i)).map(
      ([x1, y1, x2, y2, score, label]) =>
        [
          label,
          score,
          ...[clip(x1!, size.width), clip(y1!, size.height), clip(x2!, size.width), clip(y2!, size.height)],
        ] as number[],
    )
    const ours = Array.from(found.scores, (score, i) => [
      found.labels[i]!,
      score,
      ...found.boxes.subarray(i * 4, i * 4 + 4),
    ])
    const inOrder = (rows: number[][]) =>
      rows.toSorted((a, b) => b[1]! - a[1]! || a[0]! - b[0]! || a[2]! - b[2]!)
    expect(ours).toHaveLength(expected.length)
    // Equal scores have no order: each of theirs has one of ours.
    for (const one of inOrder(expected)) {
      const least = Math.min(...ours.map((other) => Math.max(...other.map((v, k) => Math.abs(v - one[k]!)))))
      expect(least).toBeLessThan(1e-3)
    }
  })
})

it('up-sampling is the transposed convolution of torch, with its gradients', () => {
  const [inputs, outputs, height, width] = [3, 5, 5, 7]
  const x = formulaOutputs('centernet/deconv/x', inputs * height * width, 1, 0)
  const weights = formulaOutputs('centernet/deconv/w', inputs * outputs * 16, 0.3, 0)
  const upstream = formulaOutputs('centernet/deconv/g', outputs * 4 * height * width, 1, 0)
  const parameter = new Parameter('w', tensorOf(weights, [inputs, outputs, 4, 4]))
  parameter.trainable = true
  const last = (of: Float32Array, channels: number) => channelsLast(of, channels, of.length / channels)
  const input = new Value(tf.tensor4d(last(x, inputs), [1, height, width, inputs]) as Tensor4D, true)
  const tape = new Tape(true)
  const out = new Upsampling(parameter).forward(tape, input)
  const read = (tensor: Tensor4D) => tensor.dataSync() as Float32Array
  const expected = (name: string, channels: number) =>
    last(Float32Array.from(values(`deconv.${name}`)), channels)
  expect(out.tensor.shape).toEqual([1, 2 * height, 2 * width, outputs])
  expect(largestDifference(read(out.tensor), expected('y', outputs))).toBeLessThan(1e-5)
  out.addGradient(tf.tensor4d(last(upstream, outputs), [1, 2 * height, 2 * width, outputs]) as Tensor4D)
  tape.backward()
  expect(largestDifference(read(input.takeGradient()!), expected('grad_x', inputs))).toBeLessThan(1e-4)
  const gradient = toTorchLayout(read(parameter.gradient as Tensor4D), [inputs, outputs, 4, 4])
  expect(largestDifference(gradient, values('deconv.grad_w'))).toBeLessThan(1e-4)
})
