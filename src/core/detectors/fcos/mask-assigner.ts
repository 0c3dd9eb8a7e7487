/** FCOS's assignment where objects have masks (masks.ts), as the interface that explains and counts it. */
import type { Pyramid } from '../../pyramid/levels.ts'
import { type Assignment, BACKGROUND, type CellOutcome, type Outlines } from '../assigner.ts'
import { visitRuns } from '../shared/runs.ts'
import type { AssignmentRules, MaskRules } from './config.ts'
import { describeOutcome, explain } from './explain.ts'
import { areasOf, locationsOf, maskedObjects } from './masks.ts'

/** @param plain the assignment of the boxes alone */
export function maskedAssignment(
  grid: Pyramid,
  rules: AssignmentRules & { readonly masks: MaskRules },
  boxes: Float32Array,
  outlines: Outlines,
  plain: Assignment,
): Assignment {
  const areas = areasOf(boxes)
  const objects = maskedObjects(outlines, grid.input)
  const locations = objects.map((object, gt) => locationsOf(grid, rules, rules.masks, boxes, gt, object))
  const isStronger = (one: number, other: number) =>
    areas[one] < areas[other] || (areas[one] === areas[other] && one < other)
  return {
    ...plain,
    assign(into = new Int32Array(grid.locations)) {
      into.fill(BACKGROUND)
      const weakestFirst = [...areas.keys()].sort((a, b) => (isStronger(a, b) ? 1 : -1))
      for (const gt of weakestFirst) for (const location of locations[gt].chosen) into[location] = gt
      return into
    },
    eligible: (gt, visit, only) => visitRuns(grid, locations[gt].chosen, visit, only),
    strength: (gt) => -areas[gt],
    rivals: (gt) => [...areas.keys()].filter((other) => other !== gt && isStronger(other, gt)),
    explain(cell) {
      const { location, boxes: byBox } = explain(grid, { ...rules, radius: 0 }, boxes, cell)
      const wanting = [...areas.keys()].filter((gt) => locations[gt].chosen.includes(cell))
      const winner = wanting.reduce<number | undefined>(
        (best, gt) => (best === undefined || isStronger(gt, best) ? gt : best),
        undefined,
      )
      const rank = (gt: number) => (gt === winner ? 0 : wanting.includes(gt) ? 1 : 2)
      return byBox
        .toSorted((a, b) => rank(a.gt) - rank(b.gt))
        .map((one): CellOutcome => {
          const { gt } = one
          const { removed, isFallback } = locations[gt]
          return {
            gt,
            positive: gt === winner,
            describe(nameOf = (index) => `box ${index}`) {
              const { name } = location.level
              if (gt === winner) {
                return isFallback
                  ? `learns ${nameOf(gt)} on ${name} by the fallback: no location lies inside its mask`
                  : `learns ${nameOf(gt)} on ${name}`
              }
              if (wanting.includes(gt))
                return `eligible for ${nameOf(gt)}, but learns ${nameOf(winner!)}, which is smaller`
              if (removed.includes(cell)) return `inside ${nameOf(gt)}, but outside its mask`
              if (one.outcome.test === 'positive' || one.outcome.test === 'lost')
                return `inside ${nameOf(gt)}, but too far from the centre of its ${rules.masks.centre}: outside center sampling`
              return describeOutcome(one, location, nameOf)
            },
          }
        })
    },
    obstacle(gt) {
      if (locations[gt].chosen.length > 0) return null
      return (
        plain.obstacle(gt) ?? {
          cause: 'mask',
          title: 'no location inside its mask',
          describe: (box) =>
            locations[gt].removed.length > 0
              ? `no location inside ${box} lies inside its mask`
              : `no location inside ${box} is near enough to the centre of its mask`,
        }
      )
    },
  }
}
