import { CodedError } from '../../../core/errors.ts'
import { toFloat32 } from '../../../core/formats/tensor-values.ts'
import type { StateDict } from './state-dict.ts'

/** Throws WEIGHTS_NOT_FINITE, naming the first tensor with a NaN or an infinity: such a network puts out nothing else. */
export function requireFinite(path: string, tensors: StateDict): void {
  for (const [name, tensor] of tensors) {
    const wrong = toFloat32(tensor).reduce((count, value) => count + (Number.isFinite(value) ? 0 : 1), 0)
    if (wrong === 0) continue
    throw new CodedError(
      'WEIGHTS_NOT_FINITE',
      `${path}: ${wrong} values of ${name} are not finite (NaN or infinite)`,
      'The training that wrote it diverged, or the file is damaged: take an earlier checkpoint',
    )
  }
}
