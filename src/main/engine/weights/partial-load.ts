/** Which tensors of a file go into a model that may differ from the one that was saved, and why the others do not. */
import { CodedError } from '../../../core/errors.ts'
import { elementCount, type Tensor } from '../../../core/formats/safetensors.ts'
import { tensorOf, toFloat32 } from '../../../core/formats/tensor-values.ts'
import type { StateDict, TensorSpec } from './state-dict.ts'

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
  for (const spec of expected) {
    const { name, shape } = spec
    const tensor = weights.get(name)
    if (!tensor) {
      reinitialised.push({ name, reason: 'not in the file' })
    } else if (classRows && spec.classes !== undefined && classesIn(tensor, spec) !== null) {
      loaded.set(name, copyRows(tensor, spec, classRows.source, toFloat32(classRows.initial.get(name)!)))
      const copied = [...classRows.source.keys()].filter((row) => row < spec.classes!).length
      if (copied < spec.classes) {
        reinitialised.push({
          name,
          reason: `${spec.classes - copied} of ${spec.classes} classes; the others are copied`,
        })
      }
    } else if (!sameShape(tensor.shape, shape)) {
      reinitialised.push({ name, reason: shapeReason(tensor, spec) })
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

function shapeReason(file: Tensor, spec: TensorSpec): string {
  const classes = classesIn(file, spec)
  return classes === null
    ? `the file has shape [${file.shape.join(', ')}], the model [${spec.shape.join(', ')}]`
    : `the file has ${classes} classes, the model ${spec.classes}`
}

/** How many classes the file's tensor has rows for; null if its rows are no classes, or of other cells or another width. */
function classesIn({ shape: file }: Tensor, { shape, classes }: TensorSpec): number | null {
  if (classes === undefined || !sameShape(file.slice(1), shape.slice(1))) return null
  const found = file[0]! / (shape[0]! / classes)
  return Number.isInteger(found) ? found : null
}

/** Throws USAGE_CLASSES for a class that the file or the model does not have. */
function copyRows(
  file: Tensor,
  spec: TensorSpec,
  source: ReadonlyMap<number, number>,
  initial: Float32Array,
): Tensor {
  const { shape } = spec
  const values = Float32Array.from(initial)
  const from = toFloat32(file)
  const row = elementCount(shape.slice(1))
  const [theirs, ours] = [classesIn(file, spec)!, spec.classes!]
  for (const [to, index] of source) {
    if (index < 0 || index >= theirs || to < 0 || to >= ours) {
      throw new CodedError(
        'USAGE_CLASSES',
        `Class ${index} of the ${theirs} in the file cannot become class ${to} of the model's ${ours}`,
      )
    }
    for (let cell = 0; cell < shape[0]! / ours; cell++) {
      const start = (cell * theirs + index) * row
      values.set(from.subarray(start, start + row), (cell * ours + to) * row)
    }
  }
  return tensorOf(values, shape)
}
