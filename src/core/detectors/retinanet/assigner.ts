/** RetinaNet's matcher as an assigner among others: which anchors a box may have, who takes them, and why. */
import type { Pyramid } from '../../pyramid/levels.ts'
import type { Assigner, Assignment, CellMark, CellOutcome } from '../assigner.ts'
import { BACKGROUND, IGNORED } from '../assigner.ts'
import { PerBox } from '../shared/per-box.ts'
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
    const key = `${grid.input.width}×${grid.input.height} ${JSON.stringify(rules)}`
    const anchorsOf = known.over(key, boxes, (gt) => boxAnchors(grid, rules, boxes, gt))
    let assigned: AnchorAssignment | undefined
    const find = (into?: Int32Array<ArrayBuffer>) => {
      assigned = assign(grid, rules, boxes, (gt) => anchorsOf(gt).near, into)
      return assigned
    }
    const found = () => assigned ?? find()
    const scene = (): Scene => ({ grid, rules, boxes, found: found() })
    let byOwner: ReadonlyMap<number, number[]> | undefined
    /** Anchors that box `gt` learns by the low-quality rule, though they may be another's best. */
    const given = (gt: number): readonly number[] => {
      const { lowQuality, bestBox } = found()
      byOwner ??= Map.groupBy(lowQuality, (anchor) => bestBox[anchor])
      return byOwner.get(gt) ?? []
    }
    /** The eligible anchors of each box, which are asked for several times a frame. */
    const eligibleOf: (EligibleAnchors | undefined)[] = []
    const eligibleFor = (gt: number): EligibleAnchors => {
      const made = eligibleOf[gt]
      if (made) return made
      const all = withOthers(grid, anchorsOf(gt), given(gt), found().bestIou)
      eligibleOf[gt] = all
      return all
    }
    const iou = (gt: number, anchor: number): number =>
      eligibleFor(gt).ious.get(anchor) ?? anchorIou(anchorAt(grid, anchor), boxes, gt)
    return {
      ...{ grid, boxes, found },
      stronger: 'boxes that fit them better',
      assign: (into) => find(into).matched,
      eligible(gt, visit, only) {
        const { runs } = eligibleFor(gt)
        for (let i = 0; i < runs.length; i += 3) {
          const level = runs[i + 2]
          if (only === undefined || level === only) visit(runs[i], runs[i + 1], level)
        }
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
        if (best >= Math.fround(rules.positive) || isRescued(rules, best)) return null
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

/** The anchors that one box may learn. */
interface BoxAnchors {
  readonly near: NearAnchors
  /** Whatever other boxes there are. */
  readonly eligible: EligibleAnchors
  /** With those that the low-quality rule gave it as the best of others, as asked for last. */
  extended: { readonly others: readonly number[]; readonly eligible: EligibleAnchors } | null
}

interface EligibleAnchors {
  /** By anchor, ascending. */
  readonly ious: ReadonlyMap<number, number>
  /** Of successive anchors of a level: first, last + 1 and level of each. */
  readonly runs: Int32Array
}

const known = new PerBox<BoxAnchors>()

/** Whether the low-quality rule gives a box the anchors of its best IoU. */
const isRescued = ({ lowQuality, lowQualityFloor }: MatcherRules, best: number): boolean =>
  lowQuality && best >= Math.fround(lowQualityFloor)

function boxAnchors(grid: Pyramid, rules: MatcherRules, boxes: Float32Array, gt: number): BoxAnchors {
  const near = nearAnchors(grid, boxes, gt, rules.negative)
  const least = Math.fround(rules.positive)
  const ious = new Map<number, number>()
  for (const [i, anchor] of near.anchors.entries()) if (near.ious[i] >= least) ious.set(anchor, near.ious[i])
  if (isRescued(rules, near.best)) for (const anchor of near.closest) ious.set(anchor, near.best)
  return { near, eligible: eligibleAnchors(grid, [...ious]), extended: null }
}

/** Of a box that is given these anchors. */
function withOthers(
  grid: Pyramid,
  box: BoxAnchors,
  given: readonly number[],
  bestIou: Float32Array,
): EligibleAnchors {
  const { eligible, extended } = box
  const others = given.filter((anchor) => !eligible.ious.has(anchor))
  if (others.length === 0) return eligible
  const isKnown =
    extended?.others.length === others.length && others.every((one, i) => one === extended.others[i])
  if (isKnown) return extended.eligible
  const all = [...eligible.ious, ...others.map((anchor) => [anchor, bestIou[anchor]] as const)]
  box.extended = { others, eligible: eligibleAnchors(grid, all) }
  return box.extended.eligible
}

function eligibleAnchors(
  { levels }: Pyramid,
  anchors: readonly (readonly [anchor: number, iou: number])[],
): EligibleAnchors {
  const ious = new Map(anchors.toSorted(([a], [b]) => a - b))
  const cells = [...ious.keys()]
  const ends = levels.map(({ first, rows, columns }) => (first + rows * columns) * ANCHORS_PER_LOCATION)
  const runs: number[] = []
  for (let i = 0; i < cells.length; ) {
    const level = ends.findIndex((end) => cells[i] < end)
    let next = i + 1
    while (next < cells.length && cells[next] === cells[next - 1] + 1 && cells[next] < ends[level]) next++
    runs.push(cells[i], cells[next - 1] + 1, level)
    i = next
  }
  return { ious, runs: Int32Array.from(runs) }
}

const two = (iou: number): string => iou.toFixed(2)

/** What became of the boxes that an anchor overlaps, the best fit first. */
function outcomesAt(scene: Scene, anchor: number): CellOutcome[] {
  const { grid, boxes, found } = scene
  const place = anchorAt(grid, anchor)
  const overlapped: { readonly gt: number; readonly iou: number }[] = []
  for (let gt = 0; gt < boxes.length / 4; gt++) {
    const iou = anchorIou(place, boxes, gt)
    if (iou > 0) overlapped.push({ gt, iou })
  }
  return overlapped
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
