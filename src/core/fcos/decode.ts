/**
 * From the head's raw outputs for one image to detections (FCOS section 3, in torchvision's order of steps):
 * per level, score = √(σ(class)·σ(centerness)), keep above the threshold, take the best; then boxes, clipping, and
 * class-wise NMS over all levels.
 *
 * L locations over all levels, K classes, M detections.
 */
import type { Size } from '../geometry/box.ts'
import { type DistanceRule, distance } from './distances.ts'
import type { Level, Pyramid } from './levels.ts'
import { locationAt } from './locations.ts'
import { nms } from './nms.ts'
import { TopK } from './top-k.ts'

/** One image's raw head outputs. */
export interface ImageOutputs {
  /** [L,K] */
  readonly logits: Float32Array
  /** [L,4] l, t, r, b before exp or relu. */
  readonly regression: Float32Array
  /** [L] logits */
  readonly centerness: Float32Array
}

export interface DecodeOptions {
  readonly pyramid: Pyramid
  readonly distance: DistanceRule
  /** [levels] learned scale of each level's regression; 1 each if undefined. */
  readonly scales?: Float32Array | undefined
  /** The image within the padded input, in the same pixels: boxes are clipped to it. */
  readonly image: Size
  /** Of the score with centerness: torchvision 0.2. Detections score strictly above it. */
  readonly scoreThreshold: number
  /** Pairs of location and class that each level hands on at most: 1000. */
  readonly candidatesPerLevel: number
  /** 0.6 */
  readonly nmsThreshold: number
  /** 100 */
  readonly maxDetections: number
}

/** In descending order of score. */
export interface Detections {
  /** [M,4] x1, y1, x2, y2 in pixels of the network's input. */
  readonly boxes: Float32Array
  /** [M] */
  readonly scores: Float32Array
  /** [M] class indices in 0…K−1. */
  readonly labels: Int32Array
  /** [M] the location that predicted each. */
  readonly locations: Int32Array
}

export function decodeDetections(outputs: ImageOutputs, options: DecodeOptions): Detections {
  const { pyramid, nmsThreshold, maxDetections } = options
  const classes = outputs.logits.length / outputs.centerness.length
  const levels = pyramid.levels.map((level) => bestOfLevel(level, outputs, classes, options))
  const scores = Float32Array.from(levels.flatMap((best) => [...best.scores]))
  const pairs = Int32Array.from(levels.flatMap((best) => [...best.indices]))
  const labels = pairs.map((pair) => pair % classes)
  const locations = pairs.map((pair) => Math.floor(pair / classes))
  const boxes = boxesAt(locations, outputs.regression, options)

  const kept = nms(boxes, scores, labels, nmsThreshold, maxDetections)
  return {
    boxes: Float32Array.from({ length: kept.length * 4 }, (_, i) => boxes[kept[i >> 2] * 4 + (i & 3)]),
    scores: Float32Array.from(kept, (i) => scores[i]),
    labels: kept.map((i) => labels[i]),
    locations: kept.map((i) => locations[i]),
  }
}

/**
 * The best pairs (location·K + class) of a level, by float32 scores, since those are what torchvision ranks: saturated
 * sigmoids tie. Among equal scores the lower pair goes first (torch.topk leaves that open).
 *
 * Most logits fail, so the test comes first and costs one comparison: √(p·q) > t needs p > t²/q =: m, hence
 * z > ln(m/(1−m)), one logarithm per location. m is taken 1e-6 lower, more than float32 rounding can move a score, so
 * that the test never drops what the exact one keeps. Once k pairs are held, their worst score is t.
 */
function bestOfLevel(
  { first, rows, columns }: Level,
  { logits, centerness }: ImageOutputs,
  classes: number,
  { scoreThreshold, candidatesPerLevel }: DecodeOptions,
): ReturnType<TopK['sorted']> {
  const end = first + rows * columns
  const best = new TopK(Math.min(candidatesPerLevel, rows * columns * classes))
  const threshold = Math.fround(scoreThreshold)
  for (let location = first; location < end; location++) {
    const q = sigmoid(centerness[location])
    const t = Math.max(threshold, best.bar)
    const m = ((t * t) / q) * (1 - 1e-6)
    if (m >= 1) continue
    const leastLogit = Math.log(m / (1 - m))
    for (let pair = location * classes; pair < (location + 1) * classes; pair++) {
      if (!(logits[pair] > leastLogit)) continue
      const score = Math.fround(Math.sqrt(Math.fround(sigmoid(logits[pair]) * q)))
      if (score > t) best.offer(score, pair)
    }
  }
  return best.sorted()
}

/** Boxes [M,4] that the given locations [M] predict, clipped to the image. */
function boxesAt(
  locations: Int32Array,
  regression: Float32Array,
  { pyramid, distance: rule, scales, image }: DecodeOptions,
): Float32Array {
  const boxes = new Float32Array(locations.length * 4)
  for (const [i, location] of locations.entries()) {
    const { x, y, level } = locationAt(pyramid, location)
    const scale = scales?.[pyramid.levels.indexOf(level)] ?? 1
    const side = (k: number) => distance(rule, scale * regression[location * 4 + k], level.stride)
    boxes[i * 4] = clip(x - side(0), image.width)
    boxes[i * 4 + 1] = clip(y - side(1), image.height)
    boxes[i * 4 + 2] = clip(x + side(2), image.width)
    boxes[i * 4 + 3] = clip(y + side(3), image.height)
  }
  return boxes
}

const sigmoid = (z: number): number => Math.fround(1 / (1 + Math.exp(-z)))

const clip = (position: number, size: number): number => Math.min(Math.max(position, 0), size)
