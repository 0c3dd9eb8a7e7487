/** Formats that name classes instead of numbering them: Pascal VOC, LabelMe, CSV. */
import type { Category, Dataset, LabelledBox } from './dataset.ts'
import type { ProblemLog } from './problems.ts'

export interface NamedObject extends LabelledBox {
  readonly className: string
}

export interface NamedImage {
  readonly fileName: string
  /** 0 × 0 if the labels do not state it. */
  readonly width: number
  readonly height: number
  readonly objects: readonly NamedObject[]
  readonly splits?: readonly string[]
  /** See DatasetImage. */
  readonly unreadable?: number
}

/** Compares by UTF-16 code units, which gives the same order on every machine, whatever its language. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * Numbers images from 1 in file-name order and classes from 1 in name order. `classNames` are the classes of the
 * whole data set, so that every split of it gets the same ids.
 */
export function fromNamed(images: readonly NamedImage[], classNames: Iterable<string>): Dataset {
  const names = new Map([...new Set(classNames)].sort(byText).map((name) => [classKey(name), name]))
  const categories: Category[] = [...names.values()].map((name, index) => ({ id: index + 1, name }))
  const idOf = new Map(categories.map(({ id, name }) => [classKey(name), id]))
  const sorted = images.toSorted((a, b) => byText(a.fileName, b.fileName))
  return {
    categories,
    images: sorted.map(({ objects, ...image }, index) => ({
      id: index + 1,
      ...image,
      annotations: objects.map(({ className, ...labelled }) => ({
        categoryId: idOf.get(classKey(className))!,
        ...labelled,
      })),
    })),
  }
}

/** The key of a class name: Unicode composition makes no difference, letter case does. */
export const classKey = (name: string): string => name.normalize('NFC')

/**
 * Classes that share a name are one, that of the first: a list of classes never has a name twice. Each merged one is
 * noted where there is a log.
 */
export function mergeCategories(
  categories: readonly Category[],
  log?: ProblemLog,
): { categories: Category[]; idOf: (id: number) => number } {
  const firsts = new Map<string, number>()
  const ids = new Map<number, number>()
  for (const { id, name } of categories) {
    const first = firsts.get(classKey(name)) ?? id
    firsts.set(classKey(name), first)
    ids.set(id, first)
    if (first !== id)
      log?.repair('', `classes ${first} and ${id} are both named "${name}": merged into ${first}`)
  }
  return { categories: categories.filter(({ id }) => ids.get(id) === id), idOf: (id) => ids.get(id) ?? id }
}

/** Names of the classes that occur. */
export const classNamesOf = (images: readonly NamedImage[]): string[] => [
  ...new Set(images.flatMap((image) => image.objects.map((object) => object.className))),
]
