/**
 * Splits images into train, val and test so that each class is split in the same proportions: iterative
 * stratification (Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data", ECML PKDD 2011,
 * algorithm 1). The rarest class is dealt out first, while there is still room to choose.
 */
import { mulberry32, shuffle } from '../random.ts'
import { SPLITS, type Split } from './model.ts'

/** Images without objects are split like a class of their own. Class ids are never negative. */
const NO_LABEL = [-1]

interface Labelled {
  /** Distinct class ids. */
  readonly labels: readonly number[]
}

/** A split and what it still needs. */
interface Share {
  readonly split: Split
  items: number
  readonly ofLabel: Map<number, number>
}

/**
 * `shares` are proportions in any unit, at least one of them above 0. The same items in the same order and the same seed
 * give the same result.
 */
export function stratifiedSplit<Item extends Labelled>(
  items: readonly Item[],
  shares: Readonly<Record<Split, number>>,
  seed: number,
): Map<Split, Item[]> {
  const random = mulberry32(seed)
  const byLabel = new Map<number, Set<Item>>()
  for (const item of shuffle([...items], random)) {
    for (const label of labelsOf(item)) {
      const set = byLabel.get(label)
      if (set) set.add(item)
      else byLabel.set(label, new Set([item]))
    }
  }
  const total = SPLITS.reduce((sum, split) => sum + shares[split], 0)
  const wanted: Share[] = SPLITS.filter((split) => shares[split] > 0).map((split) => {
    const part = shares[split] / total
    const ofLabel = new Map([...byLabel].map(([label, set]) => [label, set.size * part]))
    return { split, items: items.length * part, ofLabel }
  })
  const result = new Map<Split, Item[]>(wanted.map(({ split }) => [split, []]))

  const deal = (item: Item, label: number): void => {
    const need = (share: Share): number => share.ofLabel.get(label)!
    // Ties go to the split that lacks most items, then to a random one.
    const most = Math.max(...wanted.map(need))
    const neediest = wanted.filter((share) => need(share) === most)
    const room = Math.max(...neediest.map((share) => share.items))
    const equal = neediest.filter((share) => share.items === room)
    const chosen = equal[Math.floor(random() * equal.length)]!
    result.get(chosen.split)!.push(item)
    chosen.items--
    for (const own of labelsOf(item)) {
      chosen.ofLabel.set(own, chosen.ofLabel.get(own)! - 1)
      byLabel.get(own)!.delete(item)
    }
  }

  for (let label = rarest(byLabel); label !== undefined; label = rarest(byLabel)) {
    for (const item of [...byLabel.get(label)!]) deal(item, label)
    byLabel.delete(label)
  }
  return result
}

const labelsOf = ({ labels }: Labelled): readonly number[] => (labels.length > 0 ? labels : NO_LABEL)

/** The label with the fewest items left. */
function rarest(byLabel: ReadonlyMap<number, ReadonlySet<unknown>>): number | undefined {
  let best: number | undefined
  for (const [label, { size }] of byLabel) {
    if (best === undefined || size < byLabel.get(best)!.size) best = label
  }
  return best
}
