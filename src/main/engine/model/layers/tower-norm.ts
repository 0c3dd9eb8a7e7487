import type { HeadDescription } from '../../../../core/detectors/detector.ts'
import type { Parameters } from '../parameter.ts'
import { BatchNormRelu } from './batch-norm-relu.ts'
import { BiasRelu } from './bias-relu.ts'
import { GroupNormRelu } from './group-norm-relu.ts'
import type { NormRelu } from './norm-relu.ts'

/**
 * The norm after the convolution `${tower}.conv.${3·index}`, whose bias it adds; its own tensors are at `.${3·index + 1}`,
 * for BatchNorm one set per level below that.
 */
export function normRelu(
  parameters: Parameters,
  tower: string,
  index: number,
  head: HeadDescription,
  levels: number,
): NormRelu {
  const bias = parameters.get(`${tower}.conv.${3 * index}.bias`)
  const name = `${tower}.conv.${3 * index + 1}`
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
