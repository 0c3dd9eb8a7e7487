/** The fused operations as the kernels of native/, most of them in place. */
import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { Activation, FusedOperations } from './fused.ts'
import { attribute, execute, executeAll, tf } from './tensorflow.ts'

const CODES: Record<Activation, number> = { none: 0, relu: 1, relu6: 2 }
const code = (activation: Activation) => [attribute.int('activation', CODES[activation])]

export const native: FusedOperations = {
  biasActivation(x, bias, activation, residual) {
    const y = residual
      ? execute('FcosBiasResidualActivation', code(activation), [x, bias, residual])
      : execute('FcosBiasActivation', code(activation), [x, bias])
    x.dispose()
    return y as Tensor4D
  },
  activationGradient(dy, y, activation) {
    const [dx, dbias] = executeAll('FcosActivationGrad', code(activation), [dy, y], 2)
    dy.dispose()
    return { dx: dx as Tensor4D, dbias: dbias as Tensor1D }
  },
  blend(a, b, alpha = 1, beta = 1) {
    const coefficients = tf.tensor1d([alpha, beta])
    const sum = execute('FcosBlend', [], [a, b, coefficients])
    tf.dispose([a, coefficients])
    return sum as typeof a
  },
  upsampleAdd(lateral, top) {
    const sum = execute('FcosUpsampleAdd', [], [lateral, top])
    lateral.dispose()
    return sum as Tensor4D
  },
  upsampleGradient: (dy) => execute('FcosUpsampleGrad', [], [dy]) as Tensor4D,
  groupNormRelu(x, { bias, gamma, beta, groups }) {
    const inputs = [x, bias, gamma, beta]
    const [y, statistics] = executeAll(
      'FcosGroupNormReluInPlace',
      [attribute.int('groups', groups)],
      inputs,
      2,
    )
    x.dispose()
    statistics.dispose()
    return y as Tensor4D
  },
  groupNormReluTraining(x, { bias, gamma, beta, groups }) {
    const inputs = [x, bias, gamma, beta]
    const [y, statistics] = executeAll('FcosGroupNormRelu', [attribute.int('groups', groups)], inputs, 2)
    return { y: y as Tensor4D, statistics }
  },
  groupNormReluGradient(dy, x, statistics, { gamma, groups }) {
    const inputs = [dy, x, statistics, gamma]
    const outputs = executeAll('FcosGroupNormReluGrad', [attribute.int('groups', groups)], inputs, 4)
    dy.dispose()
    const [dx, dgamma, dbeta, dbias] = outputs as [Tensor4D, Tensor1D, Tensor1D, Tensor1D]
    return { dx, dgamma, dbeta, dbias }
  },
}
