import { CodedError } from '../../../../core/errors.ts'
import { TensorReference } from './tensor-reference.ts'
import type { PickleValue } from './unpickle.ts'

/** Where training scripts keep the weights among optimizer state and counters: torchvision and FCOS, mmdet and Lightning. */
const WRAPPERS = ['model', 'state_dict']

/**
 * The tensors of a pickled state dict, by name, also where it is wrapped. Entries that are no tensors are left out.
 * Throws WEIGHTS_EMPTY where there are none.
 */
export function stateDictIn(value: PickleValue): Map<string, TensorReference> {
  const found = search(value)
  if (found) return found
  const what =
    value instanceof Map ? `It holds ${[...value.keys()].slice(0, 8).join(', ')}` : 'It holds no dict'
  throw new CodedError('WEIGHTS_EMPTY', `There are no weights in the PyTorch file. ${what}`)
}

function search(value: PickleValue): Map<string, TensorReference> | undefined {
  if (!(value instanceof Map)) return undefined
  for (const wrapper of WRAPPERS) {
    const inner = search(value.get(wrapper))
    if (inner) return inner
  }
  const tensors = new Map<string, TensorReference>()
  for (const [name, entry] of value) {
    if (typeof name === 'string' && entry instanceof TensorReference) tensors.set(name, entry)
  }
  return tensors.size > 0 ? tensors : undefined
}
