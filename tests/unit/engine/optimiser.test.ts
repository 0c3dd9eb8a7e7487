import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { tensorOf, toFloat32 } from '../../../src/core/formats/tensor-values.ts'
import { Parameter } from '../../../src/main/engine/model/parameter.ts'
import { tf } from '../../../src/main/engine/tensor/tensorflow.ts'
import { gradientNorm, Optimiser } from '../../../src/main/engine/train/optimiser.ts'
import { formulaUniform } from '../../support/formula.ts'

/** Made by torch 2.13 (tests/fixtures/make/optimisers.py). */
const reference = JSON.parse(
  readFileSync(new URL('../../fixtures/optimisers.json', import.meta.url), 'utf8'),
) as Record<'sgd' | 'adamw', Record<string, number[]>>

const SHAPES = { weight: [4, 3], bias: [4] }
const signed = (key: string, shape: number[]) =>
  formulaUniform(
    key,
    shape.reduce((n, d) => n * d, 1),
  ).map((u) => 2 * u - 1)
const config = {
  rate: 0.05,
  pyramidShare: 1,
  backboneShare: 1,
  momentum: 0.9,
  weightDecay: 0.1,
  clipNorm: 1.5,
}

function parameters(): Parameter[] {
  return Object.entries(SHAPES).map(
    ([name, shape]) => new Parameter(name, tensorOf(signed(name, shape), shape)),
  )
}

describe.each(['sgd', 'adamw'] as const)('%s', (kind) => {
  it('steps as torch does, decay and clipping included, and keeps no tensor', () => {
    const all = parameters()
    const optimiser = new Optimiser({ kind, ...config })
    let tensors = 0
    for (let step = 0; step < 5; step++) {
      for (const parameter of all) {
        // Two passes that add up to the gradient when halved.
        const gradient = tf.tensor(signed(`gradient ${step} ${parameter.name}`, [...parameter.shape]), [
          ...parameter.shape,
        ])
        parameter.addGradient(tf.mul(gradient, 0.5))
        parameter.addGradient(tf.mul(gradient, 1.5))
        gradient.dispose()
      }
      optimiser.step(all, config.rate, 0.5, step)
      if (step === 0) tensors = tf.memory().numTensors
    }
    expect(tf.memory().numTensors).toBe(tensors)
    for (const parameter of all) {
      const values = toFloat32(parameter.toHost())
      for (const [i, expected] of reference[kind][parameter.name].entries())
        expect(values[i]).toBeCloseTo(expected, 5)
    }
  })

  it('takes the same steps for a parameter that begins to learn late', () => {
    const { weightDecay: _, ...free } = config
    const optimiser = new Optimiser({ kind, ...free, weightDecay: 0 })
    const [early, late] = [
      parameters()[0]!,
      new Parameter('late', tensorOf(signed('weight', [4, 3]), [4, 3])),
    ]
    const walked: Float32Array[] = []
    for (let step = 0; step < 40; step++) {
      for (const [parameter, since] of [
        [early, 0],
        [late, 30],
      ] as const) {
        if (step < since || step >= since + 10) continue
        parameter.addGradient(tf.fill([4, 3], 0.1 * (step - since + 1)))
        optimiser.step([parameter], 0.05, 1, step)
        walked.push(toFloat32(parameter.toHost()).slice())
      }
    }
    expect(walked.slice(10).map((values) => [...values])).toEqual(
      walked.slice(0, 10).map((values) => [...values]),
    )
  })

  it('leaves everything as it was where a gradient is not finite', () => {
    const [weight] = parameters()
    const before = toFloat32(weight.toHost()).slice()
    weight.addGradient(tf.fill([4, 3], Number.NaN))
    expect(new Optimiser({ kind, ...config }).step([weight], 1, 1, 0)).toBeNaN()
    expect(toFloat32(weight.toHost())).toEqual(before)
  })
})

it('takes the norm over all gradients', () => {
  const all = parameters()
  for (const parameter of all) parameter.addGradient(tf.fill([...parameter.shape], 3))
  expect(gradientNorm(all)).toBeCloseTo(Math.sqrt(16 * 9), 5)
})
