/** From candidates to detections: a score threshold, the best of each level, class-wise NMS over all levels. */
import { type Candidates, candidateScores } from './candidates.ts'
import { nms } from './nms.ts'
import { TopK } from './top-k.ts'

export interface SelectionOptions {
  /** Of the score: torchvision 0.2 (with centerness). Detections score strictly above it. */
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
 * @param scores [M] what candidates are ranked by: √(p̂·ô), or an analysis's own.
 */
export function selectDetections(
  candidates: Candidates,
  { scoreThreshold, candidatesPerLevel, nmsThreshold, maxDetections }: SelectionOptions,
  scores: Float32Array = candidateScores(candidates),
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
  const kept = nms(
    Float32Array.from({ length: entrants.length * 4 }, (_, i) => boxes[entrants[i >> 2] * 4 + (i & 3)]),
    Float32Array.from(entrants, (i) => scores[i]),
    Int32Array.from(entrants, (i) => labels[i]),
    nmsThreshold,
    maxDetections,
  )
  return kept.map((i) => entrants[i])
}
