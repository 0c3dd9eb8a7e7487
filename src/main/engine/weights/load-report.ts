import type { Explained, PartialLoad } from './partial-load.ts'

/** Names are given one by one up to this many per part of the model and reason. */
const NAMED = 2
/** One screen of a terminal. */
const MAX_LINES = 20

/** A partial load in a few lines for people: parts of the model that share a reason share a line. */
export function loadReport({ loaded, reinitialised, unused }: PartialLoad): string {
  const total = loaded.size + reinitialised.filter(({ name }) => !loaded.has(name)).length
  const lines = [
    ...summarise(reinitialised).map(({ name, reason }) => `${name}: re-initialised, ${reason}`),
    ...summarise(unused).map(({ name, reason }) => `${name}: not used, ${reason}`),
  ]
  const shown = lines.length > MAX_LINES ? lines.slice(0, MAX_LINES - 1) : lines
  const rest = lines.length - shown.length
  return [
    `${loaded.size} of ${total} tensors loaded`,
    ...shown,
    ...(rest ? [`… and ${rest} more`] : []),
  ].join('\n')
}

function summarise(items: readonly Explained[]): Explained[] {
  const groups = Map.groupBy(items, ({ name, reason }) => `${part(name)}\n${reason}`)
  return [...groups.values()].flatMap((group) => {
    if (group.length <= NAMED) return group
    const { name, reason } = group[0]!
    return [{ name: `${part(name)}.* (${group.length} tensors)`, reason }]
  })
}

/** backbone.fpn, head.regression_head: the parts that a user knows. */
const part = (name: string) => name.split('.').slice(0, 2).join('.')
