/** ATSS as an assigner among others: which locations a box may have, who takes them, and why. */
import { locationAt } from '../../pyramid/locations.ts'
import type { Assigner, CandidateStrip, CellOutcome } from '../assigner.ts'
import { centerness } from '../fcos/targets.ts'
import { PerBox } from '../shared/per-box.ts'
import {
  Anchors,
  type AtssAssignment,
  type AtssRules,
  assign,
  type Candidates,
  candidateFinder,
  candidatesPerBox,
  hasArea,
} from './assign.ts'

const known = new PerBox<Candidates | null>()

export const ATSS_ASSIGNER: Assigner<AtssRules> = {
  over(grid, rules, boxes) {
    const count = boxes.length / 4
    const anchors = new Anchors(grid, rules)
    const perBox = candidatesPerBox(grid, rules)
    const key = `${grid.input.width}×${grid.input.height} ${JSON.stringify(rules)}`
    const nearestTo = known.over(key, boxes, candidateFinder(grid, rules, boxes))
    let assigned: AtssAssignment | undefined
    /** By box: the locations that are eligible for it, in rising order. */
    let cells: Int32Array[] = []
    const find = (into?: Int32Array<ArrayBuffer>) => {
      assigned = assign(grid, rules, boxes, nearestTo, into)
      cells = []
      return assigned
    }
    const found = () => assigned ?? find()
    const isRescued = (gt: number, location: number): boolean => {
      const { rescued, matched } = found()
      return matched[location] === gt && rescued.includes(location)
    }
    const levelOf = (location: number) => grid.levels.findLastIndex(({ first }) => first <= location)
    const eligibleCells = (gt: number): Int32Array => {
      const { candidates, eligible } = found()
      const cells: number[] = []
      for (let c = gt * perBox; c < (gt + 1) * perBox; c++)
        if (eligible[c] === 1 || isRescued(gt, candidates[c])) cells.push(candidates[c])
      return Int32Array.from(cells).sort()
    }
    /** Why box `gt` does not learn its candidate, or that it does. */
    const reason = (gt: number, location: number, iou: number, nameOf: (gt: number) => string): string => {
      const { threshold, matched } = found()
      const fit = `IoU ${two(iou)}`
      if (isRescued(gt, location)) return `${fit}: given to ${nameOf(gt)}, which has no other location`
      if (iou < threshold[gt]) return `${fit} < t ${two(threshold[gt])}`
      if (!anchors.isInside(location, boxes, gt))
        return `${fit} ≥ t ${two(threshold[gt])}, but its centre lies outside`
      const owner = matched[location]
      if (owner === gt) return `${fit} ≥ t ${two(threshold[gt])}`
      return isRescued(owner, location)
        ? `lost to ${nameOf(owner)}, which has no other location`
        : `lost to ${nameOf(owner)}, ${two(anchors.iou(location, boxes, owner))} > ${two(iou)}`
    }
    const candidatesOf = (gt: number) =>
      Array.from({ length: hasArea(boxes, gt) ? perBox : 0 }, (_, c) => ({
        location: found().candidates[gt * perBox + c],
        iou: found().candidateIou[gt * perBox + c],
      }))
    return {
      ...{ grid, boxes },
      stronger: 'boxes that fit them better',
      assign: (into) => find(into).matched,
      eligible(gt, visit, only) {
        cells[gt] ??= eligibleCells(gt)
        for (const cell of cells[gt]) {
          const level = levelOf(cell)
          if (only === undefined || level === only) visit(cell, cell + 1, level)
        }
      },
      strength: (gt, cell) => (isRescued(gt, cell) ? Number.POSITIVE_INFINITY : anchors.iou(cell, boxes, gt)),
      rivals: (gt) => Array.from({ length: count }, (_, other) => other).filter((other) => other !== gt),
      quality(gt, cell) {
        const { x, y } = locationAt(grid, cell)
        const [l, t] = [Math.fround(x - boxes[gt * 4]), Math.fround(y - boxes[gt * 4 + 1])]
        const [r, b] = [Math.fround(boxes[gt * 4 + 2] - x), Math.fround(boxes[gt * 4 + 3] - y)]
        return Math.min(l, t, r, b) > 0 ? centerness(l, t, r, b) : 1
      },
      learns: () => true,
      explain(cell) {
        const { candidates, candidateIou, matched } = found()
        const outcomes: (CellOutcome & { readonly iou: number })[] = []
        for (let c = candidates.indexOf(cell); c >= 0; c = candidates.indexOf(cell, c + 1)) {
          const gt = Math.floor(c / perBox)
          const iou = candidateIou[c]
          outcomes.push({
            ...{ gt, iou, positive: matched[cell] === gt },
            describe: (nameOf = plainName) => `${nameOf(gt)}: ${reason(gt, cell, iou, nameOf)}`,
          })
        }
        if (outcomes.length > 0)
          return outcomes.sort((a, b) => Number(b.positive) - Number(a.positive) || b.iou - a.iou)
        return nearestOutcome(cell)
      },
      strip(gt): CandidateStrip {
        const { mean, threshold, matched } = found()
        return {
          ...{ mean: mean[gt], threshold: threshold[gt] },
          candidates: candidatesOf(gt).map(({ location, iou }) => ({
            ...{ location, iou, positive: matched[location] === gt },
            describe: (nameOf = plainName) => reason(gt, location, iou, nameOf),
          })),
        }
      },
      obstacle(gt) {
        if (!hasArea(boxes, gt))
          return { cause: 'no-area', title: 'no area', describe: (box) => `${box} has no area` }
        const { eligible } = found()
        if (rules.atLeastOne || eligible.subarray(gt * perBox, (gt + 1) * perBox).includes(1)) return null
        const isInside = candidatesOf(gt).some(({ location }) => anchors.isInside(location, boxes, gt))
        return isInside
          ? {
              cause: 'iou',
              title: 'no candidate inside reaches the threshold',
              describe: (box) =>
                `of the locations inside ${box}, none reaches mean + deviation of its candidates’ IoUs`,
            }
          : {
              cause: 'inside',
              title: 'no location inside',
              describe: (box) => `no location lies inside ${box}`,
            }
      },
    }

    /** Of a location that is no box's candidate: the box whose centre is nearest. */
    function nearestOutcome(cell: number): CellOutcome[] {
      const { x, y, level } = locationAt(grid, cell)
      let nearest: number | undefined
      let least = Number.POSITIVE_INFINITY
      for (let gt = 0; gt < count; gt++) {
        if (!hasArea(boxes, gt)) continue
        const away = Math.hypot(
          (boxes[gt * 4] + boxes[gt * 4 + 2]) / 2 - x,
          (boxes[gt * 4 + 1] + boxes[gt * 4 + 3]) / 2 - y,
        )
        if (away >= least) continue
        nearest = gt
        least = away
      }
      if (nearest === undefined) return []
      return [
        {
          ...{ gt: nearest, positive: false },
          describe: (nameOf = plainName) =>
            `not among the ${rules.candidates} locations of ${level.name} nearest to the centre of ${nameOf(nearest)}`,
        },
      ]
    }
  },
}

const two = (iou: number): string => iou.toFixed(2)
const plainName = (gt: number): string => `box ${gt}`
