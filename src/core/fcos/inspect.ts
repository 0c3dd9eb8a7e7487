/** What FCOS would be asked to learn from a data set, before any training: recall, ambiguity, levels. */
import type { Annotation, Dataset, DatasetImage } from '../formats/dataset.ts'
import { area } from '../geometry/box.ts'
import { paddedSize, resizedSize, type SizeRule } from '../geometry/input-size.ts'
import { type AmbiguityCount, ambiguity } from './ambiguity.ts'
import { assign } from './assign.ts'
import type { AssignmentRules } from './config.ts'
import { type Distribution, distribution } from './distribution.ts'
import { LEVEL_NAMES, type Pyramid, pyramid, STRIDES } from './levels.ts'
import {
  boxSize,
  describeUnlearnable,
  locationsPerBox,
  type UnlearnableCause,
  unlearnable,
} from './recall.ts'

/** COCO's size classes, by area in pixels of the image. */
export const SIZE_CLASSES = [
  { name: 'small', below: 32 ** 2 },
  { name: 'medium', below: 96 ** 2 },
  { name: 'large', below: Number.POSITIVE_INFINITY },
] as const

export interface RecallCount {
  boxes: number
  /** Boxes that at least one location learns. Best possible recall is learnable / boxes. */
  learnable: number
}

export interface LevelCount {
  readonly name: (typeof LEVEL_NAMES)[number]
  readonly stride: number
  /** Over all images. */
  locations: number
  /** Locations that learn a box. */
  positives: number
  /** Boxes with a positive on this level. A box may have some on two. */
  boxes: number
}

export interface UnlearnableAnnotation {
  readonly imageId: number
  readonly fileName: string
  /** Index into the image's annotations. */
  readonly annotation: number
  readonly categoryId: number
  readonly cause: UnlearnableCause
  /** Indices into the image's annotations. */
  readonly lostTo: readonly number[]
  /** A sentence without a full stop; boxes are named by their index into the image's annotations. */
  readonly reason: string
}

export interface Inspection {
  readonly images: number
  readonly imagesWithoutBoxes: number
  /** Files left out because their size is not known (0 × 0), so that nothing can be said about them. */
  readonly unsized: readonly string[]
  /** Crowd regions are no targets and counted nowhere else. */
  readonly crowds: number
  readonly recall: Readonly<RecallCount>
  readonly perCategory: readonly Readonly<RecallCount & { id: number; name: string }>[]
  readonly perSize: readonly Readonly<RecallCount & { name: (typeof SIZE_CLASSES)[number]['name'] }>[]
  readonly perLevel: readonly Readonly<LevelCount>[]
  readonly ambiguity: Readonly<AmbiguityCount>
  readonly locationsPerBox: Distribution
  readonly unlearnable: readonly UnlearnableAnnotation[]
}

export interface InspectOptions {
  readonly input: SizeRule
  readonly rules: AssignmentRules
}

export function inspect(dataset: Dataset, { input, rules }: InspectOptions): Inspection {
  const noRecall = () => ({ boxes: 0, learnable: 0 })
  const recall = noRecall()
  const perCategory = new Map(dataset.categories.map(({ id, name }) => [id, { id, name, ...noRecall() }]))
  const perSize = SIZE_CLASSES.map(({ name }) => ({ name, ...noRecall() }))
  const perLevel = LEVEL_NAMES.map((name, i): LevelCount => {
    return { name, stride: STRIDES[i], locations: 0, positives: 0, boxes: 0 }
  })
  const total = { positives: 0, ambiguous: 0, ambiguousAcrossClasses: 0 }
  const counts: number[] = []
  const unlearnableBoxes: UnlearnableAnnotation[] = []
  let imagesWithoutBoxes = 0
  let crowds = 0

  const scratchFor = scratchPerSize(rules)
  const isSized = ({ width, height }: DatasetImage) => width > 0 && height > 0
  const sized = dataset.images.filter(isSized)
  for (const image of sized) {
    const objects = [...image.annotations.entries()].filter(([, annotation]) => !annotation.crowd)
    crowds += image.annotations.length - objects.length
    if (objects.length === 0) imagesWithoutBoxes++

    const size = resizedSize(image, input)
    const { layout, matched } = scratchFor(paddedSize(size))
    const boxes = boxesAt(objects, size.width / image.width, size.height / image.height)
    assign(layout, rules, boxes, matched)

    const classes = objects.map(([, { categoryId }]) => categoryId)
    const ambiguous = ambiguity(layout, rules, boxes, classes, matched).count
    total.positives += ambiguous.positives
    total.ambiguous += ambiguous.ambiguous
    total.ambiguousAcrossClasses += ambiguous.ambiguousAcrossClasses

    const perBox = countLevels(layout, matched, objects.length, perLevel)
    for (const count of perBox) counts.push(count)
    for (const [gt, [, annotation]] of objects.entries()) {
      const groups = [recall, perCategory.get(annotation.categoryId), perSize[sizeClass(annotation)]]
      for (const group of groups) {
        if (!group) continue
        group.boxes++
        if (perBox[gt] > 0) group.learnable++
      }
      if (perBox[gt] === 0) {
        unlearnableBoxes.push(unlearnableAnnotation(image, objects, boxes, gt, layout, rules, matched))
      }
    }
  }

  return {
    images: sized.length,
    imagesWithoutBoxes,
    unsized: dataset.images.filter((image) => !isSized(image)).map(({ fileName }) => fileName),
    crowds,
    recall,
    perCategory: [...perCategory.values()],
    perSize,
    perLevel,
    ambiguity: total,
    locationsPerBox: distribution(counts),
    unlearnable: unlearnableBoxes,
  }
}

type IndexedAnnotation = readonly [index: number, annotation: Annotation]

/** One pyramid and one buffer per size of input: a data set has few sizes. */
function scratchPerSize(rules: AssignmentRules) {
  const known = new Map<string, { layout: Pyramid; matched: Int32Array<ArrayBuffer> }>()
  return (size: { width: number; height: number }) => {
    const key = `${size.width}×${size.height}`
    let scratch = known.get(key)
    if (!scratch) {
      const layout = pyramid(size, rules.location)
      scratch = { layout, matched: new Int32Array(layout.locations) }
      known.set(key, scratch)
    }
    return scratch
  }
}

function boxesAt(objects: readonly IndexedAnnotation[], scaleX: number, scaleY: number): Float32Array {
  const boxes = new Float32Array(objects.length * 4)
  for (const [gt, [, { box }]] of objects.entries()) {
    boxes[gt * 4] = box[0] * scaleX
    boxes[gt * 4 + 1] = box[1] * scaleY
    boxes[gt * 4 + 2] = box[2] * scaleX
    boxes[gt * 4 + 3] = box[3] * scaleY
  }
  return boxes
}

/** Adds to the levels' counts; returns the number of locations that learn each box. */
function countLevels(
  layout: Pyramid,
  matched: Int32Array,
  boxes: number,
  perLevel: LevelCount[],
): Int32Array {
  const perBox = new Int32Array(boxes)
  for (const [i, { first, rows, columns }] of layout.levels.entries()) {
    perLevel[i].locations += rows * columns
    const onLevel = locationsPerBox(matched, boxes, first, first + rows * columns)
    for (let gt = 0; gt < boxes; gt++) {
      perBox[gt] += onLevel[gt]
      perLevel[i].positives += onLevel[gt]
      if (onLevel[gt] > 0) perLevel[i].boxes++
    }
  }
  return perBox
}

const sizeClass = (annotation: Annotation): number => {
  const pixels = annotation.area ?? area(annotation.box)
  return SIZE_CLASSES.findIndex(({ below }) => pixels < below)
}

function unlearnableAnnotation(
  { id, fileName }: DatasetImage,
  objects: readonly IndexedAnnotation[],
  boxes: Float32Array,
  gt: number,
  layout: Pyramid,
  rules: AssignmentRules,
  matched: Int32Array,
): UnlearnableAnnotation {
  const { cause, lostTo } = unlearnable(layout, rules, boxes, gt, matched)
  const [annotation, { categoryId }] = objects[gt]
  const winners = lostTo.map((winner) => objects[winner][0])
  const reason = describeUnlearnable({ gt: annotation, cause, lostTo: winners }, boxSize(boxes, gt))
  return { imageId: id, fileName, annotation, categoryId, cause, lostTo: winners, reason }
}
