/** The result of one pass over a data set: counts for people, and what writers must know before their first line. */
import { isPolygons } from '../geometry/segmentation.ts'
import type { Annotation, DatasetImage } from './dataset.ts'

const PROPERTIES = {
  crowd: (a: Annotation) => a.crowd === true,
  difficult: (a: Annotation) => a.difficult === true,
  score: (a: Annotation) => a.score !== undefined,
  area: (a: Annotation) => a.area !== undefined && a.segmentation !== undefined,
  polygons: (a: Annotation) => isPolygons(a.segmentation),
  /** Outlines in several pieces; they are polygons too. */
  pieces: (a: Annotation) => isPolygons(a.segmentation) && a.segmentation.length > 1,
  masks: (a: Annotation) => a.segmentation !== undefined && !isPolygons(a.segmentation),
  attributes: (a: Annotation) => a.attributes !== undefined,
} satisfies Record<string, (annotation: Annotation) => boolean>

export type ObjectProperty = keyof typeof PROPERTIES

const ALL = Object.entries(PROPERTIES) as [ObjectProperty, (annotation: Annotation) => boolean][]

const ASCII = /^[\0-\x7f]*$/

export class Survey {
  images = 0
  imagesWithoutBoxes = 0
  boxes = 0
  /** Whether any image is in a list. */
  splits = false
  /** Whether all file names are. */
  isAscii = true
  readonly #boxesOf = new Map<number, number>()
  readonly #with = new Map<ObjectProperty, number>()

  /** Boxes of a category. */
  boxesOf(categoryId: number): number {
    return this.#boxesOf.get(categoryId) ?? 0
  }

  /** Number of objects that have a property. */
  with(property: ObjectProperty): number {
    return this.#with.get(property) ?? 0
  }

  add({ fileName, splits, annotations }: DatasetImage): void {
    this.images++
    this.boxes += annotations.length
    if (annotations.length === 0) this.imagesWithoutBoxes++
    this.splits ||= splits !== undefined && splits.length > 0
    this.isAscii &&= ASCII.test(fileName)
    for (const annotation of annotations) {
      this.#boxesOf.set(annotation.categoryId, this.boxesOf(annotation.categoryId) + 1)
      for (const [property, has] of ALL) {
        if (has(annotation)) this.#with.set(property, this.with(property) + 1)
      }
    }
  }
}

export function surveyOf(images: Iterable<DatasetImage>): Survey {
  const survey = new Survey()
  for (const image of images) survey.add(image)
  return survey
}
