/** An image of the evaluation with what the network left for NMS. */
import type { Candidates } from '../../detectors/shared/candidates.ts'
import type { Axes, Pyramid } from '../../pyramid/levels.ts'

export interface CandidateImage {
  readonly imageId: number
  /** Boxes in pixels of the source image; labels index OracleOptions.categoryIds. */
  readonly candidates: Candidates
  readonly pyramid: Pyramid
  /** From pixels of the network's input to those of the source image. */
  readonly toSource: Axes
}
