/** Formats that name classes instead of numbering them: Pascal VOC, LabelMe, CSV. */
import type { Category, Dataset, LabelledBox } from './dataset.ts'

export interface NamedObject extends LabelledBox {
  readonly className: string
}

export interface NamedImage {
  readonly fileName: string
  /** 0 × 0 where the labels do not say. */
  readonly width: number
  readonly height: number
  readonly objects: readonly NamedObject[]
  readonly splits?: readonly string[]
}

/** Order of UTF-16 code units: the same on every machine, whatever its language. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * Numbers images from 1 in file-name order and classes from 1 in name order. `classNames` are the classes of the
 * whole data set, so that every split of it gets the same ids.
 */
export function fromNamed(images: readonly NamedImage[], classNames: Iterable<string>): Dataset {
  const categories: Category[] = [...new Set(classNames)]
    .sort(byText)
    .map((name, index) => ({ id: index + 1, name }))
  const idOf = new Map(categories.map(({ id, name }) => [name, id]))
  const sorted = images.toSorted((a, b) => byText(a.fileName, b.fileName))
  return {
    categories,
    images: sorted.map(({ objects, ...image }, index) => ({
      id: index + 1,
      ...image,
      annotations: objects.map(({ className, ...labelled }) => ({
        categoryId: idOf.get(className)!,
        ...labelled,
      })),
    })),
  }
}

/** The classes that occur. */
export const classNamesOf = (images: readonly NamedImage[]): string[] => [
  ...new Set(images.flatMap((image) => image.objects.map((object) => object.className))),
]
