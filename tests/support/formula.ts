/**
 * Weights by formula: reference outputs of other implementations come from a model whose weights both sides build
 * from the tensors' names, so that no weights need to be stored. A tensor's values are s = 2u − 1 scaled, u uniform
 * from mulberry32 seeded with the FNV-1a hash of salt/name, one draw per element in row-major order.
 */
import type { Tensor } from '../../src/core/formats/safetensors.ts'
import { tensorOf } from '../../src/core/formats/tensor-values.ts'
import { fnv1a, mulberry32 } from '../../src/core/random.ts'

/** Of the first reference numbers; those of the second have `wave2-1`. */
const SALT = 'fcos-1'

/** Uniform float32 in [0, 1), row-major: the reference images, and the source of the weights. */
export function formulaUniform(key: string, count: number, salt = SALT): Float32Array {
  const random = mulberry32(fnv1a(`${salt}/${key}`))
  return Float32Array.from({ length: count }, random)
}

/** Raw outputs of the second series of references: shift + scale·(2u − 1), in float32. */
export function formulaOutputs(key: string, count: number, scale: number, shift: number): Float32Array {
  return formulaUniform(key, count, 'wave2-1').map((u) => shift + scale * (2 * u - 1))
}

export function formulaValues(key: string, shape: readonly number[], salt = SALT): Float32Array {
  const u = formulaUniform(
    key,
    shape.reduce((n, d) => n * d, 1),
    salt,
  )
  return u.map(rule(key, shape))
}

export function formulaStateDict(
  specs: Iterable<{ readonly name: string; readonly shape: readonly number[] }>,
  salt = SALT,
): Map<string, Tensor> {
  return new Map(
    Array.from(specs, ({ name, shape }) => [name, tensorOf(formulaValues(name, shape, salt), shape)]),
  )
}

/** He-uniform kernels, damped at the end of each residual branch; scales near 1, variances near 1, few confident classes. */
function rule(key: string, shape: readonly number[]): (u: number) => number {
  if (key.endsWith('.weight') && shape.length === 4) {
    const gain = key.includes('.conv3.') ? 0.25 : 1
    const bound = gain * Math.sqrt(6 / (shape[1]! * shape[2]! * shape[3]!))
    return (u) => (2 * u - 1) * bound
  }
  if (key.endsWith('running_var')) return (u) => 0.75 + 0.5 * u
  if (key.endsWith('.weight')) return (u) => 1 + 0.1 * (2 * u - 1)
  if (key.endsWith('cls_logits.bias')) return (u) => -4.5 + 0.05 * (2 * u - 1)
  return (u) => 0.05 * (2 * u - 1)
}
