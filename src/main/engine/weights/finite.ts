import { CodedError } from '../../../core/errors.ts'
import { toFloat32 } from '../../../core/formats/tensor-values.ts'
import type { StateDict } from './state-dict.ts'

/** Throws WEIGHTS_NOT_FINITE, naming the first tensor with a NaN or an infinity: such a network puts out nothing else. */
export function requireFinite(path: string, tensors: StateDict): void {
  for (const [name, tensor] of tensors) {
    let wrong = 0
    const values = toFloat32(tensor)
    // By index: an iterator or a callback takes seconds over the 32 million values of an R-50.
    for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) wrong++
    if (wrong === 0) continue
    throw new CodedError(
      'WEIGHTS_NOT_FINITE',
      `${path}: ${wrong} values of ${name} are not finite (NaN or infinite)`,
      'The training that wrote it diverged, or the file is damaged: take an earlier checkpoint',
    )
  }
}
