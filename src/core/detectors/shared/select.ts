/** From candidates to detections: a score threshold, the best of each level, class-wise NMS over all levels. */

import type { BoxXyxy } from '../../geometry/box.ts'
import { polygonArea, type Ring } from '../../geometry/polygon.ts'
import { boxAt, type Candidates, outlineAt } from './candidates.ts'
import { nms } from './nms.ts'
import { outlineIou } from './outline-iou.ts'
import { mergeTiles } from './tiles.ts'
import { TopK } from './top-k.ts'

export interface SelectionOptions {
  /** Detections score strictly above it: torchvision 0.2. */
  readonly scoreThreshold: number
  /** Candidates of each level that go into NMS at most: 1000. */
  readonly candidatesPerLevel: number
  /** 0.6 */
  readonly nmsThreshold: number
  /** 100 */
  readonly maxDetections: number
}

/**
 * Indices of the candidates that are detections, in descending order of score. Of an image in tiles they are selected in each tile, at
 * most `maxDetections` of it, and then merged.
 *
 * @param scores [M] what candidates are ranked by: their own scores, or an analysis's.
 */
export function selectDetections(
  candidates: Candidates,
  options: SelectionOptions,
  scores: Float32Array = candidates.scores,
): Int32Array {
  const { tiling, labels, boxes } = candidates
  if (!tiling) return selectAmong(candidates, options, scores, [0, labels.length])
  let end = 0
  const found = [...tiling.tiles, null].map((tile, i) => {
    const start = end
    while (end < labels.length && tiling.of[end] === i) end++
    const detections = Array.from(selectAmong(candidates, options, scores, [start, end]), (index) => ({
      ...{ index, box: boxAt(boxes, index), categoryId: labels[index]!, score: scores[index]! },
    }))
    return { tile, detections }
  })
  const whole = found.pop()!.detections
  const tiled = found.map(({ tile, detections }) => ({ tile: tile!, detections }))
  return Int32Array.from(mergeTiles(tiling.image, tiled, whole, options.nmsThreshold), ({ index }) => index)
}

/** Among the candidates [start, past). */
function selectAmong(
  candidates: Candidates,
  { scoreThreshold, candidatesPerLevel, nmsThreshold, maxDetections }: SelectionOptions,
  scores: Float32Array,
  [start, past]: readonly [number, number],
): Int32Array {
  const { levels, labels, boxes } = candidates
  const threshold = Math.fround(scoreThreshold)
  const entrants: number[] = []
  for (let first = start; first < past; ) {
    let end = first + 1
    while (end < past && levels[end] === levels[first]) end++
    const ofLevel = new TopK(Math.min(candidatesPerLevel, end - first))
    for (let i = first; i < end; i++) if (scores[i] > threshold) ofLevel.offer(scores[i], i)
    entrants.push(...ofLevel.sorted().indices)
    first = end
  }
  const scoresOf = Float32Array.from(entrants, (i) => scores[i])
  const { suppression = 'boxes' } = candidates
  if (suppression === 'none') return best(scoresOf, maxDetections).map((i) => entrants[i])
  const rings = suppression === 'outlines' ? entrants.map((i) => outlineAt(candidates, i)!) : null
  const kept = nms(
    Float32Array.from({ length: entrants.length * 4 }, (_, i) => boxes[entrants[i >> 2] * 4 + (i & 3)]),
    scoresOf,
    Int32Array.from(entrants, (i) => labels[i]),
    nmsThreshold,
    maxDetections,
    rings ? (one, other) => outlineIou(rings[one], rings[other]) : undefined,
  )
  return kept.map((i) => entrants[i])
}

/** Indices of the highest scores, of equals the first. */
const best = (scores: Float32Array, limit: number): Int32Array =>
  Int32Array.from(scores.keys())
    .sort((a, b) => scores[b] - scores[a] || a - b)
    .slice(0, limit)

/** From an image's candidates to what a model guesses in it, in the terms of a project. */

export interface GuessOptions {
  readonly score: number
  readonly nms: number
  /** false: ranked by class scores alone, without what the detector predicts of a box's quality. */
  readonly centerness: boolean
}

export interface ModelGuess {
  /** Of the candidate. */
  readonly index: number
  /** Index in 0…K−1. */
  readonly label: number
  /** Pixels of the image. */
  readonly box: BoxXyxy
  /** The outline in the same pixels, and its area; null where the detector predicts none. */
  readonly segmentation: readonly Ring[] | null
  readonly area: number | null
  readonly score: number
}

/** As torchvision, everywhere in evaluation and detection. */
export const CANDIDATES_PER_LEVEL = 1000
export const MOST_DETECTIONS = 100
/** The detector's, with a score that is low enough for a whole precision-recall curve. */
export const evaluationSelection = ({ nms }: { readonly nms: number }) => ({ score: EVALUATION_SCORE, nms })
export const EVALUATION_SCORE = 0.05

/** Best first. Boxes that clipping left without width or height are none. */
export function guessesOf(candidates: Candidates, { score, nms, centerness }: GuessOptions): ModelGuess[] {
  const scores = centerness ? candidates.scores : candidates.classScores
  const options = {
    scoreThreshold: score,
    nmsThreshold: nms,
    candidatesPerLevel: CANDIDATES_PER_LEVEL,
    maxDetections: MOST_DETECTIONS,
  }
  return Array.from(selectDetections(candidates, options, scores)).flatMap((index): ModelGuess[] => {
    const box = boxAt(candidates.boxes, index)
    if (box[0] >= box[2] || box[1] >= box[3]) return []
    const outline = outlineAt(candidates, index)
    return [
      {
        ...{ index, label: candidates.labels[index]!, box, score: scores[index]! },
        segmentation: outline && [outline],
        area: outline && polygonArea([outline]),
      },
    ]
  })
}
