/** From candidates to detections: a score threshold, the best of each level, class-wise NMS over all levels. */

import type { BoxXyxy } from '../../geometry/box.ts'
import { boxAt, type Candidates } from './candidates.ts'
import { nms } from './nms.ts'
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
 * Indices of the candidates that are detections, in descending order of score.
 *
 * @param scores [M] what candidates are ranked by: their own scores, or an analysis's.
 */
export function selectDetections(
  candidates: Candidates,
  { scoreThreshold, candidatesPerLevel, nmsThreshold, maxDetections }: SelectionOptions,
  scores: Float32Array = candidates.scores,
): Int32Array {
  const { levels, labels, boxes } = candidates
  const threshold = Math.fround(scoreThreshold)
  const entrants: number[] = []
  for (let first = 0; first < levels.length; ) {
    let end = first + 1
    while (levels[end] === levels[first]) end++
    const best = new TopK(Math.min(candidatesPerLevel, end - first))
    for (let i = first; i < end; i++) if (scores[i] > threshold) best.offer(scores[i], i)
    entrants.push(...best.sorted().indices)
    first = end
  }
  const kept = (candidates.suppression === 'none' ? bestOf : nms)(
    Float32Array.from({ length: entrants.length * 4 }, (_, i) => boxes[entrants[i >> 2] * 4 + (i & 3)]),
    Float32Array.from(entrants, (i) => scores[i]),
    Int32Array.from(entrants, (i) => labels[i]),
    nmsThreshold,
    maxDetections,
  )
  return kept.map((i) => entrants[i])
}

/** Those of highest score, of equals the first; with the parameters of nms. */
function bestOf(
  _boxes: Float32Array,
  scores: Float32Array,
  _labels: Int32Array,
  _iouThreshold: number,
  limit: number,
): Int32Array {
  return Int32Array.from(scores.keys())
    .sort((a, b) => scores[b]! - scores[a]! || a - b)
    .slice(0, limit)
}

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
  readonly score: number
}

/** As torchvision, everywhere in evaluation and detection. */
export const CANDIDATES_PER_LEVEL = 1000
export const MOST_DETECTIONS = 100
/** Torchvision's but for the score, which is low enough for a whole precision-recall curve. */
export const EVALUATION_SELECTION = { score: 0.05, nms: 0.6 } as const

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
    return [{ index, label: candidates.labels[index]!, box, score: scores[index]! }]
  })
}
