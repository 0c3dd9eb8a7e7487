import type { Pyramid } from '../../pyramid/levels.ts'

/** Calls `visit` with the runs [start, end) of ascending locations on each level, or on one. */
export function visitRuns(
  { levels }: Pyramid,
  locations: readonly number[],
  visit: (start: number, end: number, level: number) => void,
  only?: number,
): void {
  let i = 0
  for (const [level, { first, rows, columns }] of levels.entries()) {
    const last = first + rows * columns
    while (i < locations.length && locations[i] < last) {
      const start = locations[i]
      let end = start + 1
      while (++i < locations.length && locations[i] === end && end < last) end++
      if (only === undefined || only === level) visit(start, end, level)
    }
  }
}
