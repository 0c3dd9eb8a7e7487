import type { Curves } from '../../core/contract/studio/runs.ts'

/** Appends curves. A run that repeats a step replaces its earlier values. Undefined if steps in between are missing. */
export function append(known: Curves, fresh: Curves): Curves | undefined {
  const first = fresh.steps[0]
  const kept =
    first === undefined ? known.steps.length : known.steps.findLastIndex((step) => step < first) + 1
  if (first !== undefined && (known.steps[kept - 1] ?? 0) + 1 < first) return undefined
  const names = new Set([...Object.keys(known.figures), ...Object.keys(fresh.figures)])
  const column = (name: string): [string, (number | null)[]] => [
    name,
    [...(known.figures[name] ?? []).slice(0, kept), ...(fresh.figures[name] ?? [])],
  ]
  const begun = Math.min(
    first ?? Number.POSITIVE_INFINITY,
    fresh.evaluations[0]?.step ?? Number.POSITIVE_INFINITY,
  )
  return {
    steps: [...known.steps.slice(0, kept), ...fresh.steps],
    figures: Object.fromEntries([...names].map(column)),
    evaluations: [...known.evaluations.filter(({ step }) => step < begun), ...fresh.evaluations],
  }
}
