/** Classes of two lists that mean the same: names decide, since ids count differently everywhere. */
import type { Category } from './dataset.ts'

/**
 * Pairs names by their spelling, in whatever Unicode form; then, of those that are left, by everything but letter case and
 * outer blanks, where one name alone on each side could be meant. No name is in two pairs, so that "A" and "a" stay apart.
 *
 * @returns from index in `names` to index in `others`, in the order of `names`
 */
export function pairByName(names: readonly string[], others: readonly string[]): Map<number, number> {
  const pairs = new Map<number, number>()
  const taken = new Set<number>()
  const pair = (key: (name: string) => string, isUnique: boolean): void => {
    const left = Map.groupBy(
      [...names.keys()].filter((i) => !pairs.has(i)),
      (i) => key(names[i]!),
    )
    const right = Map.groupBy(
      [...others.keys()].filter((i) => !taken.has(i)),
      (i) => key(others[i]!),
    )
    for (const [name, own] of left) {
      const other = right.get(name) ?? []
      if (isUnique && (own.length > 1 || other.length > 1)) continue
      for (const [n, i] of own.entries()) {
        const j = other[n]
        if (j === undefined) break
        pairs.set(i, j)
        taken.add(j)
      }
    }
  }
  pair((name) => name.normalize('NFC'), false)
  pair((name) => name.normalize('NFC').trim().toLowerCase(), true)
  return new Map([...pairs].sort(([a], [b]) => a - b))
}

export interface Translation {
  /** From a model's category id to the one that its detections are written with. */
  readonly idOf: ReadonlyMap<number, number>
  /** The model's classes in their order, with those ids and, where the data set knows them, its names. */
  readonly categories: readonly Category[]
  /** What was paired by less than its spelling, and what could not be paired, a sentence each. */
  readonly notes: readonly string[]
}

/**
 * A model's classes as a data set numbers them. Classes that the data set lacks keep their ids where those are free, and
 * get new ones otherwise, so that no detection takes another class's id.
 */
export function translateClasses(model: readonly Category[], dataset: readonly Category[]): Translation {
  const names = (of: readonly Category[]): string[] => of.map(({ name }) => name)
  const pairs = pairByName(names(model), names(dataset))
  const taken = new Set(dataset.map(({ id }) => id))
  let next = Math.max(0, ...taken, ...model.map(({ id }) => id)) + 1
  const notes: string[] = []
  const categories = model.map(({ id, name }, k): Category => {
    const partner = pairs.get(k)
    if (partner !== undefined) {
      const found = dataset[partner]!
      if (found.name.normalize('NFC') !== name.normalize('NFC')) {
        notes.push(`The model's class ${name} is taken for the data set's ${found.name}`)
      }
      return { id: found.id, name: found.name }
    }
    const own = taken.has(id) ? next++ : id
    taken.add(own)
    notes.push(
      `The data set has no class ${name}: what the model finds of it is written with the category id ${own}`,
    )
    return { id: own, name }
  })
  const paired = new Set(pairs.values())
  const unknown = dataset.filter((_, k) => !paired.has(k)).map(({ name }) => name)
  if (unknown.length > 0) notes.push(`The model does not know the data set's ${unknown.join(', ')}`)
  return { idOf: new Map(model.map(({ id }, k) => [id, categories[k]!.id])), categories, notes }
}
