import type { HeadDescription } from '../../../../core/detectors/detector.ts'
import type { Parameters } from '../parameter.ts'
import { isBiasFree, layerNames } from '../tensors.ts'
import { BatchNormRelu } from './batch-norm-relu.ts'
import { BiasRelu } from './bias-relu.ts'
import { GroupNormRelu } from './group-norm-relu.ts'
import type { NormRelu } from './norm-relu.ts'

/** The norm after a tower's convolution, whose bias it adds; BatchNorm has one set of tensors per level. */
export function normRelu(
  parameters: Parameters,
  tower: string,
  index: number,
  head: Pick<HeadDescription, 'norm' | 'groups' | 'layout'>,
  levels: number,
): NormRelu {
  const { convolution, norm: name } = layerNames(tower, index, head)
  const bias = isBiasFree(head)
    ? parameters.zeros(parameters.get(`${convolution}.weight`).shape[0])
    : parameters.get(`${convolution}.bias`)
  if (head.norm === 'none') return new BiasRelu(bias)
  if (head.norm === 'group') {
    return new GroupNormRelu(
      bias,
      parameters.get(`${name}.weight`),
      parameters.get(`${name}.bias`),
      head.groups,
    )
  }
  return new BatchNormRelu(
    bias,
    Array.from({ length: levels }, (_, level) => ({
      gamma: parameters.get(`${name}.${level}.weight`),
      beta: parameters.get(`${name}.${level}.bias`),
      mean: parameters.get(`${name}.${level}.running_mean`),
      variance: parameters.get(`${name}.${level}.running_var`),
    })),
  )
}
