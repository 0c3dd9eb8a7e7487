/** What a detector would be asked to learn from a data set, before any training: recall, ambiguity, levels, shapes. */
import type { Detector } from '../detectors/detector.ts'
import { detectorOf } from '../detectors/detectors.ts'
import type { Annotation, Dataset, DatasetImage } from '../formats/dataset.ts'
import { area } from '../geometry/box.ts'
import { resizedSize } from '../pyramid/input-size.ts'
import { type GridLevelName, LEVEL_NAMES } from '../pyramid/levels.ts'
import { type AmbiguityCount, noAmbiguity } from './ambiguity.ts'
import { type ImageInspection, imageInspector, type UnlearnableReason, unlearnableReason } from './image.ts'
import { type InputSetting, isSized } from './setting.ts'
import { ShapeCounter, type ShapeStatistics } from './shapes.ts'

/** COCO's size classes, by area in pixels of the image. */
export const SIZE_CLASSES = [
  { name: 'small', below: 32 ** 2 },
  { name: 'medium', below: 96 ** 2 },
  { name: 'large', below: Number.POSITIVE_INFINITY },
] as const

/** A box is starved if fewer locations learn it than a patch of 2 × 2: center sampling with radius 1.5 gives 9 where nothing is in the way. */
export const STARVED_BELOW = 4

/** How many locations a box must have at least so that it is not starved: 1 where a detector gives none more. */
export const enoughLocations = ({ oneCellPerObject }: Detector): number =>
  oneCellPerObject ? 1 : STARVED_BELOW

export interface RecallCount {
  boxes: number
  /** Boxes that at least one location learns. Best possible recall is learnable / boxes. */
  learnable: number
}

export interface LevelCount {
  readonly name: GridLevelName
  readonly stride: number
  /** Over all images. */
  readonly locations: number
  /** Locations that learn a box. */
  readonly positives: number
  /** Boxes with a positive on this level. A box may have some on two. */
  readonly boxes: number
  /** How many locations of this level learn each of these boxes. */
  readonly locationsPerBox: Distribution
}

/** Which annotation is meant. */
export interface AnnotationKey {
  readonly imageId: number
  readonly fileName: string
  /** Index into the image's annotations. */
  readonly annotation: number
  readonly categoryId: number
}

export type UnlearnableAnnotation = AnnotationKey & UnlearnableReason

export interface StarvedAnnotation extends AnnotationKey {
  /** Locations that learn it: at least 1 and fewer than STARVED_BELOW. */
  readonly positives: number
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
  readonly perLevel: readonly LevelCount[]
  readonly ambiguity: Readonly<AmbiguityCount>
  readonly locationsPerBox: Distribution
  readonly unlearnable: readonly UnlearnableAnnotation[]
  readonly starved: readonly StarvedAnnotation[]
  readonly shapes: ShapeStatistics
}

/** Adds up image after image, so that a caller may report progress and stop. */
export class Inspector {
  readonly #setting: InputSetting
  readonly #inspect: (image: DatasetImage) => ImageInspection
  readonly #recall = noRecall()
  readonly #perCategory: Map<number, RecallCount & { id: number; name: string }>
  readonly #perSize = SIZE_CLASSES.map(({ name }) => ({ name, ...noRecall() }))
  readonly #perLevel: (Pick<LevelCount, 'name' | 'stride'> & {
    locations: number
    positives: number
    counts: number[]
  })[]
  readonly #ambiguity = noAmbiguity()
  readonly #counts: number[] = []
  readonly #unlearnable: UnlearnableAnnotation[] = []
  readonly #starved: StarvedAnnotation[] = []
  readonly #shapes = new ShapeCounter()
  readonly #enough: number
  readonly #unsized: string[] = []
  #images = 0
  #imagesWithoutBoxes = 0
  #crowds = 0

  constructor(categories: Dataset['categories'], setting: InputSetting) {
    this.#setting = setting
    this.#inspect = imageInspector(setting)
    const detector = detectorOf(setting)
    this.#enough = enoughLocations(detector)
    // The names and strides of levels are those of any input.
    const { levels } = detector.grid({ width: 32, height: 32 }, { assignment: setting.rules })
    this.#perLevel = levels.map(({ name, stride }) => ({
      name,
      stride,
      locations: 0,
      positives: 0,
      counts: [],
    }))
    this.#perCategory = new Map(categories.map(({ id, name }) => [id, { id, name, ...noRecall() }]))
  }

  /** Undefined for an image of unknown size. The result holds until the next call. */
  add(image: DatasetImage): ImageInspection | undefined {
    if (!isSized(image)) {
      this.#unsized.push(image.fileName)
      return undefined
    }
    const found = this.#inspect(image)
    this.#images++
    this.#crowds += image.annotations.length - found.targets.length
    if (found.targets.length === 0) this.#imagesWithoutBoxes++
    const { count } = found.ambiguity
    this.#ambiguity.positives += count.positives
    this.#ambiguity.ambiguous += count.ambiguous
    this.#ambiguity.ambiguousAcrossClasses += count.ambiguousAcrossClasses
    this.#shapes.add(found.boxes, resizedSize(image, this.#setting.input))
    this.#addLevels(found)
    for (const gt of found.targets.keys()) this.#addBox(found, gt)
    return found
  }

  #addLevels({ layout, targets, shares }: ImageInspection): void {
    for (const [i, { rows, columns }] of layout.levels.entries()) {
      const level = this.#perLevel[i]
      level.locations += rows * columns
      for (let gt = 0; gt < targets.length; gt++) {
        const positives = shares.perLevel[gt * LEVEL_NAMES.length + i]
        level.positives += positives
        if (positives > 0) level.counts.push(positives)
      }
    }
  }

  #addBox(found: ImageInspection, gt: number): void {
    const { image, targets, shares } = found
    const [index, annotation] = targets[gt]
    const positives = shares.positives[gt]
    this.#counts.push(positives)
    const groups = [
      this.#recall,
      this.#perCategory.get(annotation.categoryId),
      this.#perSize[sizeClass(annotation)],
    ]
    for (const group of groups) {
      if (!group) continue
      group.boxes++
      if (positives > 0) group.learnable++
    }
    if (positives >= this.#enough) return
    const key = {
      imageId: image.id,
      fileName: image.fileName,
      annotation: index,
      categoryId: annotation.categoryId,
    }
    if (positives > 0) this.#starved.push({ ...key, positives })
    else this.#unlearnable.push({ ...key, ...unlearnableReason(found, gt) })
  }

  result(): Inspection {
    return {
      images: this.#images,
      imagesWithoutBoxes: this.#imagesWithoutBoxes,
      unsized: this.#unsized,
      crowds: this.#crowds,
      recall: this.#recall,
      perCategory: [...this.#perCategory.values()],
      perSize: this.#perSize,
      perLevel: this.#perLevel.map(({ counts, ...level }) => ({
        ...level,
        boxes: counts.length,
        locationsPerBox: distribution(counts),
      })),
      ambiguity: this.#ambiguity,
      locationsPerBox: distribution(this.#counts),
      unlearnable: this.#unlearnable,
      starved: this.#starved,
      shapes: this.#shapes.result(),
    }
  }
}

/** The whole data set at once. */
export function inspect({ categories, images }: Dataset, setting: InputSetting): Inspection {
  const inspector = new Inspector(categories, setting)
  for (const image of images) inspector.add(image)
  return inspector.result()
}

const noRecall = (): RecallCount => ({ boxes: 0, learnable: 0 })

/** Index into SIZE_CLASSES. */
export function sizeClass(annotation: Annotation): number {
  const pixels = annotation.area ?? area(annotation.box)
  return SIZE_CLASSES.findIndex(({ below }) => pixels < below)
}

/** How many locations learn each box, summed up over a data set. */
export interface Distribution {
  /** Boxes counted. The other figures are null if there are none. */
  readonly boxes: number
  readonly mean: number | null
  readonly median: number | null
  readonly max: number | null
  readonly histogram: readonly Bin[]
}

/** Boxes with `from` to `to` locations, both included; to is null in the last bin. */
export interface Bin {
  readonly from: number
  readonly to: number | null
  readonly boxes: number
}

/** Doubling bins: a box in the middle of its level's range has 9 locations or so with center sampling, hundreds without. */
const BIN_STARTS = [0, 1, 2, 4, 8, 16, 32, 64]

/** counts: locations per box, in any order. */
export function distribution(counts: readonly number[]): Distribution {
  const sorted = Int32Array.from(counts).sort()
  const boxes = sorted.length
  const middle = boxes >> 1
  return {
    boxes,
    mean: boxes === 0 ? null : sorted.reduce((sum, count) => sum + count, 0) / boxes,
    median: boxes === 0 ? null : boxes % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2,
    max: boxes === 0 ? null : sorted[boxes - 1],
    histogram: BIN_STARTS.map((from, i) => {
      const next = BIN_STARTS[i + 1] ?? Number.POSITIVE_INFINITY
      const inBin = sorted.reduce((sum, count) => sum + Number(count >= from && count < next), 0)
      return { from, to: next === Number.POSITIVE_INFINITY ? null : next - 1, boxes: inBin }
    }),
  }
}
