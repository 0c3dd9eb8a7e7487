/** What each detector learns from the objects of one image, as the tensors that `fcos targets` writes. */
import * as atss from '../../../core/detectors/atss/assign.ts'
import * as centernet from '../../../core/detectors/centernet/targets.ts'
import { assign } from '../../../core/detectors/fcos/assign.ts'
import { DIALECTS, type DialectName, type MaskRules } from '../../../core/detectors/fcos/config.ts'
import { FCOS } from '../../../core/detectors/fcos/index.ts'
import { assignWithMasks, maskCentre } from '../../../core/detectors/fcos/masks.ts'
import { positives } from '../../../core/detectors/fcos/targets.ts'
import type { RayRule } from '../../../core/detectors/polarmask/rays.ts'
import * as polarmask from '../../../core/detectors/polarmask/targets.ts'
import { ANCHORS_PER_LOCATION, anchorBoxes } from '../../../core/detectors/retinanet/anchors.ts'
import * as retinanet from '../../../core/detectors/retinanet/assign.ts'
import { CodedError } from '../../../core/errors.ts'
import type { Tensor } from '../../../core/formats/safetensors.ts'
import { tensorOf } from '../../../core/formats/tensor-values.ts'
import type { Size } from '../../../core/geometry/box.ts'
import { maskOf } from '../../../core/geometry/coco-rle.ts'
import type { Rle } from '../../../core/geometry/rle.ts'
import { isPolygons, type Segmentation } from '../../../core/geometry/segmentation.ts'
import { boxSize, describeUnlearnable, unlearnable } from '../../../core/inspect/reasons.ts'
import { paddedSize } from '../../../core/pyramid/input-size.ts'
import { type Pyramid, pyramid } from '../../../core/pyramid/levels.ts'
import { locationLevels } from '../../../core/pyramid/locations.ts'

export const TARGET_DETECTORS = ['fcos', 'retinanet', 'atss', 'centernet', 'polarmask'] as const

export interface TargetsOptions {
  readonly detector?: (typeof TARGET_DETECTORS)[number]
  /** Pixels of the network's input, before padding. */
  readonly width: number
  readonly height: number
  /**
   * Path of a JSON list of [x1, y1, x2, y2] in the same pixels; alternatively, `objects` is the path of a list of objects.
   */
  readonly boxes?: string
  readonly objects?: string
  /** FCOS: center sampling in strides; 0 turns it off. 1.5 where undefined. */
  readonly radius?: number
  readonly dialect?: DialectName | 'mmdet'
  /** ATSS: candidates per level. */
  readonly k?: number
  /** FCOS: what the objects' masks change. center: center sampling measures from the mask. pixels: only pixels of the mask are positive. */
  readonly masks?: 'center' | 'pixels' | 'both'
  /** What to do for an object with no location inside its mask. */
  readonly fallback?: MaskRules['fallback']
  /** PolarMask: how rays are measured, and how many there are. */
  readonly rays?: RayRule
  readonly count?: number
  /** CenterNet: the number of classes; by default, up to the highest class that occurs. */
  readonly classes?: number
  readonly radiusRule?: centernet.CenterNetRules['radius']
  readonly minOverlap?: number
  /** Path of the safetensors file to write. */
  readonly out: string
}

export interface Scene {
  readonly input: Size
  /** [N·4] */
  readonly boxes: Float32Array
  /** [N] */
  readonly classes: Int32Array
  /** [N] */
  readonly segmentations: readonly (Segmentation | undefined)[]
  /** Where the objects come from, for error messages. */
  readonly file: string
}

export interface Computed {
  /** The input that the cells cover, including padding if their positions depend on it. */
  readonly input: Size
  readonly tensors: readonly (readonly [name: string, tensor: Tensor])[]
  readonly metadata: Readonly<Record<string, string>>
  /** What boxes compete for: locations, anchors (RetinaNet) or cells of the heat map (CenterNet). */
  readonly locations: number
  readonly levels: readonly {
    readonly name: string
    readonly stride: number
    readonly columns: number
    readonly rows: number
    readonly positives: number
  }[]
  /** [N] number of cells that learn each box. */
  readonly locationsPerBox: readonly number[]
  /** Boxes that no cell learns, and why. */
  readonly unlearnable: readonly { readonly gt: number; readonly cause: string; readonly reason: string }[]
}

export const COMPUTE: Record<
  (typeof TARGET_DETECTORS)[number],
  (scene: Scene, options: TargetsOptions) => Computed
> = {
  fcos: fcosTargets,
  retinanet: retinanetTargets,
  atss: atssTargets,
  centernet: centernetTargets,
  polarmask: polarmaskTargets,
}

function fcosTargets(scene: Scene, options: TargetsOptions): Computed {
  const { boxes } = scene
  const { dialect = 'authors', radius = 1.5, masks, fallback = 'nearest' } = options
  if (!(radius >= 0 && Number.isFinite(radius)))
    throw new CodedError('USAGE_RADIUS', `--radius is ${radius}, not a number of at least 0`)
  if (dialect === 'mmdet')
    throw new CodedError('USAGE_OPTION', '--dialect mmdet exists for ATSS only: give authors or torchvision')
  const rules = { ...DIALECTS[dialect], radius }
  // torchvision derives the spacing of locations from the padded size; the authors' locations do not depend on it.
  const input = rules.location === 'corner' ? paddedSize(scene.input) : scene.input
  const layout = pyramid(input, rules.location)
  const maskRules: MaskRules | null = masks
    ? { centre: masks === 'pixels' ? 'box' : 'mask', pixels: masks !== 'center', fallback }
    : null
  const matched = maskRules
    ? assignWithMasks(
        layout,
        rules,
        maskRules,
        boxes,
        masksOf(scene).map((mask) => ({ mask, centre: maskCentre(mask) })),
      ).matched
    : assign(layout, rules, boxes)
  const { levels, locationsPerBox } = perLevel(layout, matched, boxes.length / 4)
  return {
    input,
    tensors: locationTensors(layout, boxes, matched),
    metadata: {
      dialect,
      radius: String(radius),
      ...(maskRules && { masks: masks!, ...(maskRules.pixels && { fallback }) }),
    },
    locations: layout.locations,
    levels,
    locationsPerBox,
    unlearnable: starved(locationsPerBox).map((gt) => {
      if (maskRules) {
        const reason = `Box ${gt} (${sizeText(boxes, gt)}) has no location that its mask and box allow and that no smaller box takes`
        return { gt, cause: 'masked', reason }
      }
      const box = unlearnable(FCOS.assigner.over(layout, rules, boxes), gt, matched)
      return { gt, cause: box.cause, reason: describeUnlearnable(box, boxSize(boxes, gt)) }
    }),
  }
}

function polarmaskTargets(
  scene: Scene,
  { dialect = 'authors', rays: rule = 'exact', count = 36 }: TargetsOptions,
): Computed {
  const { input, boxes } = scene
  if (dialect !== 'authors')
    throw new CodedError('USAGE_OPTION', `--dialect ${dialect}: PolarMask only has the authors' rules`)
  if (rule === 'code' && 360 % count !== 0) {
    throw new CodedError(
      'USAGE_OPTION',
      `--count is ${count}: the authors' rays are at whole degrees`,
      'Give a divisor of 360, or --rays exact',
    )
  }
  const layout = pyramid(input, 'half-stride')
  const objects = masksOf(scene).map((mask, gt): polarmask.PolarObject => {
    const segmentation = scene.segmentations[gt]
    const [x1, y1, x2, y2] = boxes.subarray(gt * 4, gt * 4 + 4)
    return {
      box: [x1, y1, x2, y2],
      mask,
      polygons: segmentation && isPolygons(segmentation) ? segmentation : null,
    }
  })
  const { matched, location, ltrb, rays, centerness, dropped } = polarmask.targets(layout, objects, {
    count,
    rays: rule,
  })
  const { levels, locationsPerBox } = perLevel(layout, matched, objects.length)
  return {
    input,
    tensors: [
      ['labels', tensorOf(matched, [layout.locations])],
      ['positive_index', tensorOf(location, [location.length])],
      ['rays', tensorOf(rays, [location.length, count])],
      ['ltrb', tensorOf(ltrb, [location.length, 4])],
      ['centerness', tensorOf(centerness, [location.length])],
    ],
    metadata: { dialect, rays: rule, count: String(count) },
    locations: layout.locations,
    levels,
    locationsPerBox,
    unlearnable: starved(locationsPerBox).map((gt) => {
      const object = `Object ${gt} (${sizeText(boxes, gt)})`
      return dropped.includes(gt)
        ? { gt, cause: 'dropped', reason: `${object} is too small: the authors' code ignores it` }
        : { gt, cause: 'starved', reason: `${object} has no location near its centroid and inside its box` }
    }),
  }
}

/** @throws CodedError USAGE_OBJECTS where an object has no mask. */
function masksOf({ input, segmentations, file }: Scene): Rle[] {
  return segmentations.map((segmentation, index) => {
    if (segmentation) return maskOf(segmentation, input, `${file}: [${index}]`)
    throw new CodedError(
      'USAGE_OBJECTS',
      `${file}: [${index}] has no segmentation`,
      'Masks are needed: give --objects with a segmentation for each, as COCO polygons or RLE',
    )
  })
}

function atssTargets({ input, boxes }: Scene, { dialect = 'authors', k = 9 }: TargetsOptions): Computed {
  if (dialect === 'torchvision')
    throw new CodedError('USAGE_OPTION', 'torchvision has no ATSS: use --dialect authors or mmdet')
  const rules = { ...atss.PAPER_RULES, dialect, candidates: k }
  const layout = atss.anchorCentres(input, dialect)
  const count = boxes.length / 4
  const { matched, candidates, candidateIou, threshold } = atss.assign(layout, rules, boxes)
  const { levels, locationsPerBox } = perLevel(layout, matched, count)
  const perBox = layout.levels.reduce((sum, { columns, rows }) => sum + Math.min(k, columns * rows), 0)
  return {
    input,
    tensors: [
      ...locationTensors(layout, boxes, matched),
      ['candidates', tensorOf(candidates, [count, perBox])],
      ['candidate_iou', tensorOf(candidateIou, [count, perBox])],
      ['threshold', tensorOf(threshold, [count])],
    ],
    metadata: { dialect, k: String(k) },
    locations: layout.locations,
    levels,
    locationsPerBox,
    unlearnable: starved(locationsPerBox).map((gt) => ({
      gt,
      cause: 'starved',
      reason: `Box ${gt} (${sizeText(boxes, gt)}) has no location: each of its candidates is outside it, below its threshold, or taken by another box`,
    })),
  }
}

function retinanetTargets({ input: given, boxes }: Scene): Computed {
  const input = paddedSize(given)
  const layout = pyramid(input, 'corner')
  const { matched, bestIou, unreachable } = retinanet.assign(layout, retinanet.TORCHVISION_RULES, boxes)
  const { levels, locationsPerBox } = perLevel(layout, matched, boxes.length / 4, ANCHORS_PER_LOCATION)
  return {
    input,
    tensors: [
      ['anchors', tensorOf(anchorBoxes(layout), [matched.length, 4])],
      ['matched', tensorOf(matched, [matched.length])],
      ['best_iou', tensorOf(bestIou, [matched.length])],
    ],
    metadata: {},
    locations: matched.length,
    levels,
    locationsPerBox,
    unlearnable: starved(locationsPerBox).map((gt) =>
      unreachable.includes(gt)
        ? { gt, cause: 'unreachable', reason: `Box ${gt} (${sizeText(boxes, gt)}) overlaps no anchor` }
        : {
            gt,
            cause: 'robbed',
            reason: `Box ${gt} (${sizeText(boxes, gt)}) has no anchor: its best anchors fit another box better`,
          },
    ),
  }
}

function centernetTargets(
  { input, boxes, classes }: Scene,
  { classes: asked, radiusRule = 'authors', minOverlap = 0.7 }: TargetsOptions,
): Computed {
  const highest = classes.reduce((most, index) => Math.max(most, index), -1)
  const count = asked ?? Math.max(1, highest + 1)
  if (highest >= count)
    throw new CodedError('USAGE_CLASSES', `--classes is ${count}, but class ${highest} occurs`)
  const [columns, rows] = [input.width, input.height].map((side) => Math.ceil(side / centernet.STRIDE)) as [
    number,
    number,
  ]
  const rules = { ...centernet.AUTHORS_RULES, radius: radiusRule, minOverlap }
  const cells = boxes.map((value) => value / centernet.STRIDE)
  const { heatmap, size, offset, index } = centernet.targets({ columns, rows }, rules, cells, classes, count)
  return {
    input,
    tensors: [
      ['heatmap', tensorOf(heatmap, [count, rows, columns])],
      ['size', tensorOf(size, [classes.length, 2])],
      ['offset', tensorOf(offset, [classes.length, 2])],
      ['index', tensorOf(index, [classes.length])],
    ],
    metadata: { radiusRule, minOverlap: String(minOverlap) },
    locations: columns * rows,
    levels: [],
    locationsPerBox: Array.from(index, (cell) => (cell === -1 ? 0 : 1)),
    unlearnable: [...index.entries()].flatMap(([gt, cell]) => {
      if (cell !== -1) return []
      const reason =
        gt >= rules.maxObjects
          ? `Box ${gt} comes after the first ${rules.maxObjects}, the maximum for an image`
          : `Box ${gt} (${sizeText(boxes, gt)}) has no area after clipping to the map of ${columns} × ${rows} cells`
      return [{ gt, cause: 'dropped', reason }]
    }),
  }
}

function locationTensors(
  layout: Pyramid,
  boxes: Float32Array,
  matched: Int32Array,
): [name: string, tensor: Tensor][] {
  const learnt = positives(layout, boxes, matched)
  const ltrb = new Float32Array(layout.locations * 4)
  const centerness = new Float32Array(layout.locations)
  for (const [i, location] of learnt.location.entries()) {
    ltrb.set(learnt.ltrb.subarray(i * 4, i * 4 + 4), location * 4)
    centerness[location] = learnt.centerness[i]
  }
  return [
    ['labels', tensorOf(matched, [layout.locations])],
    ['ltrb', tensorOf(ltrb, [layout.locations, 4])],
    ['centerness', tensorOf(centerness, [layout.locations])],
    ['level', tensorOf(locationLevels(layout), [layout.locations])],
  ]
}

/** Counts the positive cells of each level and of each box; there are `each` cells per location. */
function perLevel(layout: Pyramid, matched: Int32Array, boxes: number, each = 1) {
  const locationsPerBox: number[] = Array(boxes).fill(0)
  const levels = layout.levels.map(({ name, stride, columns, rows, first }) => {
    let count = 0
    for (let cell = first * each; cell < (first + columns * rows) * each; cell++) {
      if (matched[cell] < 0) continue
      locationsPerBox[matched[cell]]++
      count++
    }
    return { name, stride, columns, rows, positives: count }
  })
  return { levels, locationsPerBox }
}

const starved = (locationsPerBox: readonly number[]): number[] =>
  [...locationsPerBox.keys()].filter((gt) => locationsPerBox[gt] === 0)

function sizeText(boxes: Float32Array, gt: number): string {
  const { width, height } = boxSize(boxes, gt)
  return `${Number(width.toFixed(1))} × ${Number(height.toFixed(1))} px`
}
