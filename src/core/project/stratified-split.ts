/**
 * Divides images among train, val and test so that each class is divided in the same proportions: iterative
 * stratification (Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data", ECML PKDD 2011,
 * algorithm 1). The rarest class is dealt out first, while there is still room to choose.
 */
import { mulberry32, shuffle } from '../random.ts'
import { SPLITS, type Split } from './model.ts'

interface Labelled {
  /** Distinct class ids. */
  readonly labels: readonly number[]
}

/** A split and what it still has to get. */
interface Share {
  readonly split: Split
  items: number
  readonly ofLabel: Map<number, number>
}

/**
 * `shares` are proportions in any unit, one at least above 0. The same items in the same order and the same seed give
 * the same result. Items without labels are dealt out last, to where most room is left.
 */
export function stratifiedSplit<Item extends Labelled>(
  items: readonly Item[],
  shares: Readonly<Record<Split, number>>,
  seed: number,
): Map<Split, Item[]> {
  const random = mulberry32(seed)
  const waiting = new Set(shuffle([...items], random))
  const byLabel = new Map<number, Set<Item>>()
  for (const item of waiting) {
    for (const label of item.labels) {
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

  const deal = (item: Item, label: number | undefined): void => {
    const need = (share: Share): number => (label === undefined ? 0 : share.ofLabel.get(label)!)
    // Ties: where most items are missing, then by lot.
    const most = Math.max(...wanted.map(need))
    const neediest = wanted.filter((share) => need(share) === most)
    const room = Math.max(...neediest.map((share) => share.items))
    const equal = neediest.filter((share) => share.items === room)
    const chosen = equal[Math.floor(random() * equal.length)]!
    result.get(chosen.split)!.push(item)
    chosen.items--
    waiting.delete(item)
    for (const own of item.labels) {
      chosen.ofLabel.set(own, chosen.ofLabel.get(own)! - 1)
      byLabel.get(own)!.delete(item)
    }
  }

  for (let label = rarest(byLabel); label !== undefined; label = rarest(byLabel)) {
    for (const item of [...byLabel.get(label)!]) deal(item, label)
    byLabel.delete(label)
  }
  for (const item of [...waiting]) deal(item, undefined)
  return result
}

/** The label of the fewest items that still wait. */
function rarest(byLabel: ReadonlyMap<number, ReadonlySet<unknown>>): number | undefined {
  let best: number | undefined
  for (const [label, { size }] of byLabel) {
    if (best === undefined || size < byLabel.get(best)!.size) best = label
  }
  return best
}
