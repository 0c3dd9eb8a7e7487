/** Classes of two lists that mean the same: names decide, since ids count differently everywhere. */

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
