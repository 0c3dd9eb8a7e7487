/** Which tensors of a file go into a model that may differ from the one that was saved, and why the others do not. */
import { CodedError } from '../../../core/errors.ts'
import { elementCount, type Tensor } from '../../../core/formats/safetensors.ts'
import { tensorOf, toFloat32 } from '../../../core/formats/tensor-values.ts'
import type { StateDict, TensorSpec } from './state-dict.ts'

/** Its rows belong to classes. */
const CLASSIFIER = /(^|\.)cls_logits\.(weight|bias)$/

export interface Explained {
  readonly name: string
  readonly reason: string
}

export interface PartialLoad {
  /** What to put into the model, in the model's shapes. */
  readonly loaded: StateDict
  /** Tensors of the model that keep the values that it was initialised with, in whole or, where rows are copied, in part. */
  readonly reinitialised: readonly Explained[]
  /** Tensors of the file that go nowhere. */
  readonly unused: readonly Explained[]
}

/** New classes that start from the classifier's rows of classes in the file. */
export interface ClassRows {
  /** From class index in the model to class index in the file. */
  readonly source: ReadonlyMap<number, number>
  /** The model's own values, for classes that `source` does not name. */
  readonly initial: StateDict
}

/**
 * A classifier of another number of classes is not loaded, unless `classRows` says which rows to copy; with `classRows`
 * rows are copied even if the numbers agree.
 */
export function partialLoad(
  expected: readonly TensorSpec[],
  weights: StateDict,
  classRows?: ClassRows,
): PartialLoad {
  const loaded: StateDict = new Map()
  const reinitialised: Explained[] = []
  for (const { name, shape } of expected) {
    const tensor = weights.get(name)
    if (!tensor) {
      reinitialised.push({ name, reason: 'not in the file' })
    } else if (CLASSIFIER.test(name) && classRows && sameShape(tensor.shape.slice(1), shape.slice(1))) {
      loaded.set(name, copyRows(tensor, shape, classRows.source, toFloat32(classRows.initial.get(name)!)))
      const rows = [...classRows.source.keys()].filter((row) => row < shape[0]!).length
      if (rows < shape[0]!) {
        reinitialised.push({
          name,
          reason: `${shape[0]! - rows} of ${shape[0]} classes; the others are copied`,
        })
      }
    } else if (!sameShape(tensor.shape, shape)) {
      reinitialised.push({ name, reason: shapeReason(name, tensor.shape, shape) })
    } else {
      loaded.set(name, tensor)
    }
  }
  const names = new Set(expected.map(({ name }) => name))
  const unused = [...weights.keys()]
    .filter((name) => !names.has(name))
    .map((name) => ({ name, reason: 'the model has no such tensor' }))
  return { loaded, reinitialised, unused }
}

const sameShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((size, i) => size === b[i])

function shapeReason(name: string, file: readonly number[], model: readonly number[]): string {
  return CLASSIFIER.test(name) && sameShape(file.slice(1), model.slice(1))
    ? `the file has ${file[0]} classes, the model ${model[0]}`
    : `the file has shape [${file.join(', ')}], the model [${model.join(', ')}]`
}

/** Throws USAGE_CLASSES for a class that the file or the model does not have. */
function copyRows(
  file: Tensor,
  shape: readonly number[],
  source: ReadonlyMap<number, number>,
  initial: Float32Array,
): Tensor {
  const values = Float32Array.from(initial)
  const from = toFloat32(file)
  const row = elementCount(shape.slice(1))
  for (const [to, index] of source) {
    if (index < 0 || index >= file.shape[0]! || to < 0 || to >= shape[0]!) {
      throw new CodedError(
        'USAGE_CLASSES',
        `Class ${index} of the ${file.shape[0]} in the file cannot become class ${to} of the model's ${shape[0]}`,
      )
    }
    values.set(from.subarray(index * row, (index + 1) * row), to * row)
  }
  return tensorOf(values, shape)
}
