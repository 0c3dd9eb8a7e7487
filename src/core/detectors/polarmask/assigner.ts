/** PolarMask's locations as an assignment: FCOS with center sampling around the mask's centroid, whatever the mask covers. */
import type { Pyramid } from '../../pyramid/levels.ts'
import { locationAt } from '../../pyramid/locations.ts'
import { type Assigner, type Assignment, BACKGROUND, type CellOutcome } from '../assigner.ts'
import { visitRuns } from '../shared/runs.ts'
import type { PolarMaskRules } from './config.ts'
import { polarObjects } from './objects.ts'
import { polarCenterness } from './rays.ts'
import { isTooSmall, locationsOfObject, outline, type PolarObject, raysOfObject } from './targets.ts'

export const POLARMASK_ASSIGNER: Assigner<PolarMaskRules> = {
  over(grid, rules, boxes, details = {}): Assignment {
    const objects = polarObjects(grid.input, boxes, details)
    const locations = objects.map((object) => locationsOfObject(grid, object))
    const areas = objects.map(({ box: [x1, y1, x2, y2] }) => Math.fround((x2 - x1) * (y2 - y1)))
    const isStronger = (one: number, other: number) =>
      areas[one] < areas[other] || (areas[one] === areas[other] && one < other)
    return {
      ...{ grid, boxes },
      assign(into = new Int32Array(grid.locations)) {
        into.fill(BACKGROUND)
        const weakestFirst = [...objects.keys()].sort((a, b) => (isStronger(a, b) ? 1 : -1))
        for (const gt of weakestFirst) for (const location of locations[gt]) into[location] = gt
        return into
      },
      eligible: (gt, visit, only) => visitRuns(grid, locations[gt], visit, only),
      strength: (gt) => -areas[gt],
      stronger: 'smaller objects',
      rivals: (gt) => [...objects.keys()].filter((other) => other !== gt && isStronger(other, gt)),
      quality(gt, cell) {
        const { x, y } = locationAt(grid, cell)
        return polarCenterness(raysOfObject(objects[gt], x, y, rules))
      },
      learns: () => true,
      explain: (cell) => explain(grid, objects, locations, cell, isStronger),
      obstacle(gt) {
        if (locations[gt].length > 0) return null
        if (isTooSmall(objects[gt]) || !outline(objects[gt].mask)) {
          return {
            cause: 'too-small',
            title: 'too small',
            describe: (box) => `${box} is too small, and left out as the authors leave it out`,
          }
        }
        return {
          cause: 'center-sampling',
          title: 'no location near the centroid',
          describe: (box) =>
            `no location inside ${box} is near the centroid of its mask on a level that regresses its size`,
        }
      },
    }
  },
}

/** Objects that the location lies in the box of. */
function explain(
  grid: Pyramid,
  objects: readonly PolarObject[],
  locations: readonly (readonly number[])[],
  cell: number,
  isStronger: (one: number, other: number) => boolean,
): CellOutcome[] {
  const { x, y, level } = locationAt(grid, cell)
  const wanting = [...objects.keys()].filter((gt) => locations[gt].includes(cell))
  const winner = wanting.reduce<number | undefined>(
    (best, gt) => (best === undefined || isStronger(gt, best) ? gt : best),
    undefined,
  )
  const isIn = ({ box: [x1, y1, x2, y2] }: PolarObject) => x > x1 && y > y1 && x < x2 && y < y2
  const rank = (gt: number) => (gt === winner ? 0 : wanting.includes(gt) ? 1 : 2)
  return [...objects.keys()]
    .filter((gt) => isIn(objects[gt]))
    .sort((a, b) => rank(a) - rank(b))
    .map((gt) => ({
      gt,
      positive: gt === winner,
      describe(nameOf = (index) => `box ${index}`) {
        if (gt === winner) return `learns ${nameOf(gt)} on ${level.name}`
        if (wanting.includes(gt))
          return `wanted by ${nameOf(gt)}, but learns ${nameOf(winner!)}, which is smaller`
        const centre = outline(objects[gt].mask)?.centre
        if (!centre) return `inside ${nameOf(gt)}, of which no pixel is set`
        const distance = Math.max(Math.abs(x - centre[0]), Math.abs(y - centre[1]))
        return distance >= 1.5 * level.stride
          ? `inside ${nameOf(gt)}, but ${Math.round(distance)} px from the centroid of its mask ≥ 1.5 × ${level.stride}`
          : `inside ${nameOf(gt)}, whose sides are not in ${level.name}'s range from here, or which is too small`
      },
    }))
}
