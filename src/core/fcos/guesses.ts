/** From an image's candidates to what a model guesses in it, in the terms of a project. */
import type { BoxXyxy } from '../geometry/box.ts'
import { type Candidates, candidateScores } from './candidates.ts'
import { selectDetections } from './select.ts'

export interface GuessOptions {
  readonly score: number
  readonly nms: number
  /** false: ranked by class scores alone. */
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

/** As everywhere in evaluation and detection. */
export const CANDIDATES_PER_LEVEL = 1000
export const MOST_DETECTIONS = 100

/** Best first. Boxes that clipping left without width or height are none. */
export function guessesOf(candidates: Candidates, { score, nms, centerness }: GuessOptions): ModelGuess[] {
  const scores = centerness ? candidateScores(candidates) : candidates.classScores
  const options = {
    scoreThreshold: score,
    nmsThreshold: nms,
    candidatesPerLevel: CANDIDATES_PER_LEVEL,
    maxDetections: MOST_DETECTIONS,
  }
  return Array.from(selectDetections(candidates, options, scores)).flatMap((index): ModelGuess[] => {
    const [x1, y1, x2, y2] = candidates.boxes.subarray(index * 4, index * 4 + 4) as unknown as [
      number,
      number,
      number,
      number,
    ]
    if (x1 >= x2 || y1 >= y2) return []
    return [{ index, label: candidates.labels[index]!, box: [x1, y1, x2, y2], score: scores[index]! }]
  })
}
