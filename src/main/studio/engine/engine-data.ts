/** Data sets in the form that the engine takes, checked for what makes training impossible. */

import path from 'node:path'
import type { EngineData, EngineImage } from '../../../core/contract/engine.ts'
import { CodedError } from '../../../core/errors.ts'
import type { Category, Dataset, DatasetImage } from '../../../core/formats/dataset.ts'
import { area } from '../../../core/geometry/box.ts'
import type { Ring } from '../../../core/geometry/polygon.ts'
import type { Segmentation } from '../../../core/geometry/segmentation.ts'
import { segmentationRings } from '../../../core/geometry/shape.ts'
import { countOf } from '../../../core/words.ts'

export interface NamedDataset {
  /** As the user gave it; names the data set in messages. */
  readonly name: string
  readonly dataset: Dataset
  readonly imageRoot: string
}

export interface TrainingData {
  readonly data: EngineData
  readonly validation: EngineData | null
  /** Number of validation images that are also trained on, which makes the results look better than they are. */
  readonly shared: number
}

/**
 * Classes of the validation set are matched by name where its ids differ, because formats without ids number only the
 * classes that occur.
 * @throws CodedError DATA_NO_BOXES, DATA_CATEGORIES.
 */
export function trainingData(training: NamedDataset, validation: NamedDataset | null): TrainingData {
  requireBoxes(training, 'There is nothing to train on')
  const { categories } = training.dataset
  const data = engineData(training, categories, new Map(categories.map(({ id }) => [id, id])))
  if (!validation) return { data, validation: null, shared: 0 }
  requireBoxes(validation, 'There is nothing to validate with; omit --val to train without validation')
  const ids = idsByName(training, validation)
  const trainedOn = new Set(data.images.map((image) => image.path))
  const measured = engineData(validation, categories, ids)
  const shared = measured.images.filter((image) => trainedOn.has(image.path)).length
  return { data, validation: measured, shared }
}

function requireBoxes({ name, dataset }: NamedDataset, remedy: string): void {
  const boxes = dataset.images.some(({ annotations }) => annotations.some(({ crowd }) => !crowd))
  if (!boxes) {
    throw new CodedError(
      'DATA_NO_BOXES',
      `${name}: ${countOf(dataset.images.length, 'image')} without a box`,
      remedy,
    )
  }
}

/** Maps category ids of the validation set to those of the training set. */
function idsByName(training: NamedDataset, validation: NamedDataset): Map<number, number> {
  const known = training.dataset.categories
  const own = validation.dataset.categories
  const isKnown = (category: Category): boolean =>
    known.some(({ id, name }) => id === category.id && name === category.name)
  if (own.every(isKnown)) return new Map(own.map(({ id }) => [id, id]))

  const ids = new Map<number, number>()
  for (const { id, name } of own) {
    const equal = known.filter((category) => category.name === name)
    if (equal.length === 1) {
      ids.set(id, equal[0]!.id)
      continue
    }
    const boxes = validation.dataset.images.flatMap(({ annotations }) => annotations)
    const count = boxes.filter(({ categoryId }) => categoryId === id).length
    if (count === 0) continue
    throw new CodedError(
      'DATA_CATEGORIES',
      `${validation.name}: its class ${name} (${countOf(count, 'box')}) is ${equal.length === 0 ? 'none' : 'several'} of the ` +
        `training classes ${known.map((category) => category.name).join(', ')}`,
      'Use the same class names in both data sets',
    )
  }
  return ids
}

function engineData(
  { dataset, imageRoot }: NamedDataset,
  categories: readonly Category[],
  ids: ReadonlyMap<number, number>,
): EngineData {
  return {
    categories: categories.map(({ id, name }) => ({ id, name })),
    images: dataset.images.map((image) => engineImage(image, imageRoot, ids)),
  }
}

/** The rings of an outline as the engine learns them; null where there are none. */
export function engineOutline(segmentation: Segmentation | null | undefined): readonly Ring[] | null {
  const rings = segmentation ? segmentationRings(segmentation).filter(({ length }) => length >= 6) : []
  return rings.length > 0 ? rings : null
}

export function engineImage(
  { id, fileName, width, height, annotations }: DatasetImage,
  imageRoot: string,
  ids: ReadonlyMap<number, number>,
): EngineImage {
  const outlines = annotations.map(({ segmentation }) => engineOutline(segmentation))
  return {
    ...(outlines.some((rings) => rings !== null) && { outlines }),
    id,
    path: path.join(imageRoot, fileName),
    width,
    height,
    boxes: Float64Array.from(annotations.flatMap(({ box }) => box)),
    categories: Int32Array.from(annotations, ({ categoryId }) => ids.get(categoryId)!),
    crowds: Uint8Array.from(annotations, ({ crowd }) => (crowd ? 1 : 0)),
    areas: Float64Array.from(annotations, (annotation) => annotation.area ?? area(annotation.box)),
  }
}
