/**
 * Places an image on the canvas, and moves its boxes accordingly. Pixels and boxes share one placement, so they
 * cannot disagree. Boxes are flat [N·4] x1, y1, x2, y2, continuous coordinates (pixel k covers [k, k + 1)).
 */

import type { AugmentConfig } from '../../../../core/contract/augmentation.ts'
import type { BoxXyxy, Size } from '../../../../core/geometry/box.ts'
import { clipRing, type Ring, signedArea } from '../../../../core/geometry/polygon.ts'
import type { Random } from '../../../../core/random.ts'
import type { AxisPlacement, Span } from '../resample.ts'
import type { TrainingSample } from '../samples.ts'

/** A rectangle of canvas pixels that an image may draw on. */
export interface Region {
  readonly x: Span
  readonly y: Span
}

export interface Placement {
  readonly x: AxisPlacement
  readonly y: AxisPlacement
}

/**
 * Draws a placement at random.
 * @param resized the image's size at detection's scale, reduced to fit the canvas
 * @param factor on top of the scale jitter (mosaic tiles are smaller)
 */
export function drawPlacement(
  random: Random,
  source: Size,
  resized: Size,
  region: Region,
  config: AugmentConfig,
  factor = 1,
): Placement {
  const hflip = random() < config.hflip
  const vflip = random() < config.vflip
  const [low, high] = config.scale
  const scale = factor * low * (high / low) ** random()
  const axis = (source: number, resized: number, [from, to]: Span, flip: boolean): AxisPlacement => {
    const length = Math.max(1, Math.round(resized * scale))
    const slack = to - from - length
    // Negative slack: the image is larger than the region, which then is a window at −offset of the image.
    const shift = config.placement === 'corner' ? 0 : Math.round(random() * slack)
    return { source, length, offset: from + shift, flip }
  }
  return {
    x: axis(source.width, resized.width, region.x, hflip),
    y: axis(source.height, resized.height, region.y, vflip),
  }
}

export interface PlacedBoxes {
  /** [N·4] on the canvas, clipped to the region and the image. */
  readonly boxes: number[]
  /** Class index per box. */
  readonly classes: number[]
  /** Outline per box, clipped like it. */
  readonly outlines: (readonly Ring[] | null)[]
  /** Number of boxes that were cropped away or are too small to be targets. */
  readonly dropped: number
}

/**
 * Boxes with a shorter side on the canvas are degenerate, because too little of the object is visible to learn from.
 */
const MIN_SIDE = 1

/**
 * Moves boxes and outlines with their image, clips them, and drops objects that are cropped away
 * (AugmentConfig.minVisible) or degenerate, including those whose box is partly visible but whose outline is not.
 */
export function placeBoxes(
  { boxes, classes, outlines }: Pick<TrainingSample, 'boxes' | 'classes' | 'outlines'>,
  at: Placement,
  region: Region,
  minVisible: number,
): PlacedBoxes {
  const kept: PlacedBoxes & { dropped: number } = { boxes: [], classes: [], outlines: [], dropped: 0 }
  for (let n = 0; n < classes.length; n++) {
    const x = placeSpan(boxes[4 * n], boxes[4 * n + 2], at.x, region.x)
    const y = placeSpan(boxes[4 * n + 1], boxes[4 * n + 3], at.y, region.y)
    if (x.length < MIN_SIDE || y.length < MIN_SIDE || x.share * y.share < minVisible) {
      kept.dropped++
      continue
    }
    const outline = outlines?.[n]
    const rings = outline ? placeRings(outline, at, region) : null
    if (rings?.length === 0) {
      kept.dropped++
      continue
    }
    kept.outlines.push(rings)
    kept.boxes.push(x.from, y.from, x.to, y.to)
    kept.classes.push(classes[n])
  }
  return kept
}

/** One side of a box on the canvas; `share` is how much of the part inside the image is also inside the region. */
function placeSpan(from: number, to: number, at: AxisPlacement, region: Span) {
  const { source, length, offset, flip } = at
  const scale = length / source
  const low = Math.min(Math.max(from, 0), source) * scale
  const high = Math.min(Math.max(to, 0), source) * scale
  const [start, end] = flip ? [offset + length - high, offset + length - low] : [offset + low, offset + high]
  const clipped = { from: Math.max(start, region[0]), to: Math.min(end, region[1]) }
  const visible = clipped.to - clipped.from
  return { ...clipped, length: visible, share: visible / (end - start) }
}

function placeRings(rings: readonly Ring[], at: Placement, region: Region): Ring[] {
  const image = [at.x.offset, at.y.offset, at.x.offset + at.x.length, at.y.offset + at.y.length] as const
  const seen: BoxXyxy = [
    Math.max(image[0], region.x[0]),
    Math.max(image[1], region.y[0]),
    Math.min(image[2], region.x[1]),
    Math.min(image[3], region.y[1]),
  ]
  const place = (value: number, { source, length, offset, flip }: AxisPlacement) => {
    const placed = (value * length) / source
    return flip ? offset + length - placed : offset + placed
  }
  return rings
    .map((ring) =>
      clipRing(
        ring.map((value, i) => place(value, i % 2 === 0 ? at.x : at.y)),
        seen,
      ),
    )
    .filter((ring) => signedArea(ring) !== 0)
}
