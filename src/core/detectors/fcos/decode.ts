/**
 * From the head's raw outputs for one image to the candidates of which detections are selected (FCOS section 3, in
 * torchvision's order of steps): per level, score = √(σ(class)·σ(centerness)), keep above a floor, take the best, decode
 * their boxes. What comes after, selectDetections, is cheap: candidates may be kept, and selected from again and again.
 *
 * L locations over all levels, K classes, M candidates.
 */
import type { Size } from '../../geometry/box.ts'
import type { Axes, Level, Pyramid } from '../../pyramid/levels.ts'
import { locationAt } from '../../pyramid/locations.ts'
import { BY_CLASS, bestPairs, type Ranking, WITH_QUALITY } from '../shared/best-pairs.ts'
import type { Candidates } from '../shared/candidates.ts'
import { sigmoid } from '../shared/sigmoid.ts'
import { type DistanceRule, distance } from './distances.ts'

/** One image's raw head outputs. */
export type ImageOutputs = {
  /** [L,K] */
  readonly logits: Float32Array
  /** [L,4] l, t, r, b before exp or relu. */
  readonly regression: Float32Array
  /** [L] logits */
  readonly centerness: Float32Array
}

export interface CandidateOptions {
  readonly pyramid: Pyramid
  readonly distance: DistanceRule
  /** [levels] learned scale of each level's regression; 1 each if undefined. */
  readonly scales?: Float32Array | undefined
  /** The distances l, t, r, b of a location in pixels, where the regression does not put them out by `distance`. */
  readonly sidesAt?: (location: number) => ArrayLike<number>
  /** Class scores of candidates are strictly above it, beside the score; none where undefined. */
  readonly classThreshold?: number
  /** The image within the padded input, in the same pixels: boxes are clipped to it. */
  readonly image: Size
  /** From pixels of the network's input to those of the boxes; 1 if undefined. */
  readonly toSource?: Axes | undefined
  /** Candidates score strictly above it. */
  readonly scoreThreshold: number
  /** Pairs of location and class that each level hands on at most: 1000. */
  readonly candidatesPerLevel: number
  /**
   * Also the pairs that would be best if centerness did not count: those whose class score alone is above the threshold,
   * again as many per level, so that both rankings can be selected from exactly.
   */
  readonly alsoByClass?: boolean
}

/** Pairs of location and class with their boxes; parts.centerness [M] is ô = σ(centerness logit) of the location. */
export function decodeCandidates(outputs: ImageOutputs, options: CandidateOptions): Candidates {
  const best = bestCandidates(outputs, options, WITH_QUALITY)
  return { ...best, boxes: boxesAt(best.locations, outputs.regression, options) }
}

/** The best pairs of every level by class and centerness, without their boxes. */
export function bestCandidates(
  outputs: Pick<ImageOutputs, 'logits' | 'centerness'>,
  options: Pick<
    CandidateOptions,
    'pyramid' | 'scoreThreshold' | 'classThreshold' | 'candidatesPerLevel' | 'alsoByClass'
  >,
  ranking: Ranking,
): Omit<Candidates, 'boxes'> {
  const classes = outputs.logits.length / outputs.centerness.length
  const pairsOf = options.pyramid.levels.map((level) =>
    pairsOfLevel(level, outputs, classes, options, ranking),
  )
  const levels = Uint8Array.from(pairsOf.flatMap((pairs, level) => Array<number>(pairs.length).fill(level)))
  const pairs = Int32Array.from(pairsOf.flatMap((of) => [...of]))
  const locations = pairs.map((pair) => Math.floor(pair / classes))
  const classScores = Float32Array.from(pairs, (pair) => sigmoid(outputs.logits[pair]))
  const centerness = Float32Array.from(locations, (location) => sigmoid(outputs.centerness[location]))
  return {
    locations,
    levels,
    labels: pairs.map((pair) => pair % classes),
    classScores,
    scores: classScores.map((p, i) => ranking.score(p, centerness[i])),
    parts: { centerness },
  }
}

/** √(p̂·ô) in float32. */
export const { score } = WITH_QUALITY

/** The pairs (location·K + class) of a level that are candidates, rising. */
function pairsOfLevel(
  { first, rows, columns }: Level,
  { logits, centerness }: Pick<ImageOutputs, 'logits' | 'centerness'>,
  classes: number,
  {
    scoreThreshold,
    classThreshold,
    candidatesPerLevel,
    alsoByClass = false,
  }: Pick<CandidateOptions, 'scoreThreshold' | 'classThreshold' | 'candidatesPerLevel' | 'alsoByClass'>,
  ranking: Ranking,
): Int32Array {
  const scores = { logits, quality: centerness, classes, classThreshold }
  const by = (one: Ranking) =>
    bestPairs([first, first + rows * columns], scores, one, scoreThreshold, candidatesPerLevel)
  const pairs = by(ranking)
  return (alsoByClass ? Int32Array.from(new Set([...pairs, ...by(BY_CLASS)])) : pairs).sort()
}

/** Boxes [M,4] that the given locations [M] predict, clipped to the image. */
function boxesAt(
  locations: Int32Array,
  regression: Float32Array,
  { pyramid, distance: rule, scales, sidesAt, image, toSource = { x: 1, y: 1 } }: CandidateOptions,
): Float32Array {
  const boxes = new Float32Array(locations.length * 4)
  for (const [i, location] of locations.entries()) {
    const { x, y, level } = locationAt(pyramid, location)
    const scale = scales?.[pyramid.levels.indexOf(level)] ?? 1
    const sides = sidesAt?.(location)
    const side = (k: number) =>
      sides ? sides[k] : distance(rule, scale * regression[location * 4 + k], level.stride)
    boxes[i * 4] = clip(x - side(0), image.width) * toSource.x
    boxes[i * 4 + 1] = clip(y - side(1), image.height) * toSource.y
    boxes[i * 4 + 2] = clip(x + side(2), image.width) * toSource.x
    boxes[i * 4 + 3] = clip(y + side(3), image.height) * toSource.y
  }
  return boxes
}

/** In float32, as torchvision's boxes are before they are scaled. */
const clip = (position: number, size: number): number => Math.fround(Math.min(Math.max(position, 0), size))
