import { expect, it } from 'vitest'
import { tensorOf, toFloat32 } from '../../../src/core/formats/tensor-values.ts'
import { Parameter } from '../../../src/main/engine/model/parameter.ts'
import { tf } from '../../../src/main/engine/tensor/tensorflow.ts'

const counting = (shape: number[]) =>
  tensorOf(
    Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, i) => i),
    shape,
  )

it.each([
  [
    [4, 3, 2, 5],
    [2, 3, 1, 0],
  ],
  [
    [6, 1, 3, 3],
    [2, 3, 0, 1],
  ],
])('a filter %j lies as TensorFlow wants it and comes back as it was', (shape, permutation) => {
  const host = counting(shape)
  const parameter = new Parameter('filter', host)
  const expected = tf.transpose(tf.tensor(toFloat32(host), shape), permutation)
  expect(parameter.value.shape).toEqual(expected.shape)
  expect(parameter.value.dataSync()).toEqual(expected.dataSync())
  expect(toFloat32(parameter.toHost())).toEqual(toFloat32(host))
})

it('a vector stays as it is', () => {
  const parameter = new Parameter('bias', counting([7]))
  expect(toFloat32(parameter.toHost(parameter.value))).toEqual(toFloat32(counting([7])))
})
