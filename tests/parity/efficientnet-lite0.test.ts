/** EfficientNet-Lite0's C3 to C5 against efficientnet_lite_pytorch 0.1.0 (tests/fixtures/make/efficientnet_lite0.py). */
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import { expect, it } from 'vitest'
import { EfficientNetLite0 } from '../../src/main/engine/model/efficientnet-lite0.ts'
import { lite0BodyTensors } from '../../src/main/engine/model/efficientnet-lite0-spec.ts'
import { Parameters } from '../../src/main/engine/model/parameter.ts'
import { Tape } from '../../src/main/engine/model/tape.ts'
import { tf } from '../../src/main/engine/tensor/tensorflow.ts'
import { fixtureTensors } from '../support/fixtures.ts'
import { formulaStateDict, formulaUniform } from '../support/formula.ts'

it('gives the pyramid the same feature maps', () => {
  const expected = fixtureTensors('efficientnet_lite0.safetensors')
  const parameters = new Parameters(formulaStateDict(lite0BodyTensors()))
  const body = new EfficientNetLite0(parameters)
  const planar = tf.tensor4d(formulaUniform('image', 3 * 96 * 128), [1, 3, 96, 128])
  const stages = body.forward(new Tape(false), tf.transpose(planar, [0, 2, 3, 1]) as Tensor4D, 'C3')
  for (const [i, { tensor }] of stages.entries()) {
    const actual = tf.transpose(tensor, [0, 3, 1, 2]).dataSync()
    const reference = expected(`C${i + 3}`)
    expect(actual.length).toBe(reference.length)
    const largest = reference.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    for (let k = 0; k < reference.length; k++) {
      expect(Math.abs(actual[k] - reference[k])).toBeLessThan(1e-4 * largest)
    }
  }
})
