/** RetinaNet's matcher as an assigner among others: which anchors a box may have, who takes them, and why. */
import type { Pyramid } from '../../pyramid/levels.ts'
import type { Assigner, Assignment, CellMark, CellOutcome } from '../assigner.ts'
import { BACKGROUND, IGNORED } from '../assigner.ts'
import { ANCHORS_PER_LOCATION } from './anchors.ts'
import {
  type AnchorAssignment,
  anchorAt,
  anchorIou,
  assign,
  type MatcherRules,
  type NearAnchors,
  nearAnchors,
} from './assign.ts'

interface Scene {
  readonly grid: Pyramid
  readonly rules: MatcherRules
  readonly boxes: Float32Array
  readonly found: AnchorAssignment
}

export interface RetinaNetAssignment extends Assignment {
  /** As assign found it, computed once. */
  readonly found: () => AnchorAssignment
}

export const RETINANET_ASSIGNER: Assigner<MatcherRules> & {
  over(grid: Pyramid, rules: MatcherRules, boxes: Float32Array): RetinaNetAssignment
} = {
  over(grid, rules, boxes) {
    const count = boxes.length / 4
    const nearOf = remember(grid, boxes, rules.negative)
    let known: AnchorAssignment | undefined
    const find = (into?: Int32Array<ArrayBuffer>) => {
      known = assign(grid, rules, boxes, nearOf, into)
      return known
    }
    const found = () => known ?? find()
    const scene = (): Scene => ({ grid, rules, boxes, found: found() })
    let byOwner: ReadonlyMap<number, number[]> | undefined
    /** Anchors that box `gt` learns by the low-quality rule, though they may be another's best. */
    const given = (gt: number): readonly number[] => {
      const { lowQuality, bestBox } = found()
      byOwner ??= Map.groupBy(lowQuality, (anchor) => bestBox[anchor])
      return byOwner.get(gt) ?? []
    }
    /** By box: its eligible anchors, ascending, with their IoUs. Asked for several times a frame. */
    const eligibleOf: (ReadonlyMap<number, number> | undefined)[] = []
    const isRescued = (gt: number): boolean => rules.lowQuality && found().boxIou[gt] >= rules.lowQualityFloor
    const anchorsFor = (gt: number): ReadonlyMap<number, number> => {
      const made = eligibleOf[gt]
      if (made) return made
      const cells = new Map<number, number>()
      const near = nearOf(gt)
      for (const [i, anchor] of near.anchors.entries()) {
        if (near.ious[i] >= Math.fround(rules.positive)) cells.set(anchor, near.ious[i])
      }
      const others = isRescued(gt) ? [...given(gt), ...found().closest[gt]] : given(gt)
      for (const anchor of others) cells.set(anchor, anchorIou(anchorAt(grid, anchor), boxes, gt))
      const sorted = new Map([...cells].sort(([a], [b]) => a - b))
      eligibleOf[gt] = sorted
      return sorted
    }
    const iou = (gt: number, anchor: number): number =>
      anchorsFor(gt).get(anchor) ?? anchorIou(anchorAt(grid, anchor), boxes, gt)
    return {
      ...{ grid, boxes, found },
      stronger: 'boxes that fit them better',
      assign: (into) => find(into).matched,
      eligible(gt, visit, only) {
        forEachRun(grid, [...anchorsFor(gt).keys()], (start, end, level) => {
          if (only === undefined || level === only) visit(start, end, level)
        })
      },
      strength: iou,
      rivals: (gt) => Array.from({ length: count }, (_, other) => other).filter((other) => other !== gt),
      quality: iou,
      learns: () => true,
      explain: (anchor) => outcomesAt(scene(), anchor),
      marks: (location) =>
        Array.from({ length: ANCHORS_PER_LOCATION }, (_, shape) =>
          markOf(scene(), location * ANCHORS_PER_LOCATION + shape),
        ),
      obstacle(gt) {
        const width = boxes[gt * 4 + 2] - boxes[gt * 4]
        const height = boxes[gt * 4 + 3] - boxes[gt * 4 + 1]
        if (!(width > 0 && height > 0 && Number.isFinite(width + height)))
          return { cause: 'no-area', title: 'no area', describe: (box) => `${box} has no area` }
        const best = found().boxIou[gt]
        if (best === 0)
          return {
            cause: 'no-anchor',
            title: 'no anchor overlaps',
            describe: (box) => `no anchor overlaps ${box}`,
          }
        if (best >= Math.fround(rules.positive) || isRescued(gt)) return null
        const rule = rules.lowQuality
          ? `also under the low-quality rule’s floor of ${rules.lowQualityFloor}`
          : 'the low-quality rule is off'
        return {
          cause: 'iou',
          title: 'no anchor fits well enough',
          describe: (box) =>
            `the anchor that fits ${box} best has IoU ${two(best)} < ${rules.positive}, and ${rule}`,
        }
      },
    }
  },
}

/** What the boxes of the last call had near them: while one box of many is dragged, those of the others stay. */
let lastKey = ''
let lastNear: ReadonlyMap<string, NearAnchors> = new Map()

function remember(grid: Pyramid, boxes: Float32Array, least: number): (gt: number) => NearAnchors {
  const key = `${grid.input.width}×${grid.input.height} ${least}`
  const before = key === lastKey ? lastNear : new Map<string, NearAnchors>()
  const now = new Map<string, NearAnchors>()
  lastKey = key
  lastNear = now
  return (gt) => {
    const box = boxes.subarray(gt * 4, gt * 4 + 4).join()
    const near = now.get(box) ?? before.get(box) ?? nearAnchors(grid, boxes, gt, least)
    now.set(box, near)
    return near
  }
}

/** Calls `visit` with each run of ascending cells, which never spans two levels. */
function forEachRun(
  { levels }: Pyramid,
  cells: readonly number[],
  visit: (start: number, end: number, level: number) => void,
): void {
  const ends = levels.map(({ first, rows, columns }) => (first + rows * columns) * ANCHORS_PER_LOCATION)
  for (let i = 0; i < cells.length; ) {
    const level = ends.findIndex((end) => cells[i] < end)
    let next = i + 1
    while (next < cells.length && cells[next] === cells[next - 1] + 1 && cells[next] < ends[level]) next++
    visit(cells[i], cells[next - 1] + 1, level)
    i = next
  }
}

const two = (iou: number): string => iou.toFixed(2)

/** What became of the boxes that an anchor overlaps, the best fit first. */
function outcomesAt(scene: Scene, anchor: number): CellOutcome[] {
  const { grid, boxes, found } = scene
  const place = anchorAt(grid, anchor)
  return Array.from({ length: boxes.length / 4 }, (_, gt) => ({ gt, iou: anchorIou(place, boxes, gt) }))
    .filter(({ iou }) => iou > 0)
    .sort((a, b) => b.iou - a.iou || a.gt - b.gt)
    .map(({ gt, iou }) => ({
      gt,
      positive: found.matched[anchor] === gt,
      describe: (nameOf = (index) => `box ${index}`) => describe(scene, anchor, gt, iou, nameOf),
    }))
}

function describe(
  { rules, found: { matched, closest } }: Scene,
  anchor: number,
  gt: number,
  iou: number,
  nameOf: (gt: number) => string,
): string {
  const owner = matched[anchor]
  const fit = `IoU ${two(iou)} with ${nameOf(gt)}`
  if (owner === gt) {
    if (iou >= Math.fround(rules.positive)) return `${fit} ≥ ${rules.positive}`
    const rescued = closest.flatMap((anchors, other) => (anchors.includes(anchor) ? [other] : []))
    return rescued.includes(gt)
      ? `${fit}: of low quality, but the best that this box has`
      : `${fit}: of low quality, the best of ${rescued.map(nameOf).join(' and ')}, given to ${nameOf(gt)}`
  }
  if (owner >= 0 && closest[gt].includes(anchor))
    return `${fit}, its best; given to ${nameOf(owner)}, which fits better`
  if (owner >= 0 && iou >= Math.fround(rules.negative)) return `${fit}, but ${nameOf(owner)} fits better`
  return owner === IGNORED && iou >= Math.fround(rules.negative)
    ? `${fit}: ignored, from ${rules.negative} to ${rules.positive}`
    : `${fit} < ${rules.negative}`
}

function markOf(scene: Scene, anchor: number): CellMark {
  const { rules, grid, found } = scene
  const { x, y, halfWidth, halfHeight } = anchorAt(grid, anchor)
  const [best] = outcomesAt(scene, anchor)
  const iou = best ? anchorIou(anchorAt(grid, anchor), scene.boxes, best.gt) : 0
  const owner = found.matched[anchor]
  return {
    title: `${2 * halfWidth} × ${2 * halfHeight}`,
    box: [x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight],
    iou,
    state:
      owner === BACKGROUND
        ? 'background'
        : owner === IGNORED
          ? 'ignored'
          : iou >= Math.fround(rules.positive)
            ? 'positive'
            : 'low-quality',
    describe: (nameOf) => best?.describe(nameOf) ?? 'overlaps no box',
  }
}
