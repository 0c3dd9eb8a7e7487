/** An image of the evaluation with its candidates, before NMS. */
import type { Candidates } from '../../detectors/shared/candidates.ts'
import type { Axes, Pyramid } from '../../pyramid/levels.ts'

export interface CandidateImage {
  readonly imageId: number
  /** Boxes in pixels of the source image; labels index OracleOptions.categoryIds. */
  readonly candidates: Candidates
  readonly pyramid: Pyramid
  /** Factors from pixels of the network's input to pixels of the source image. */
  readonly toSource: Axes
}
