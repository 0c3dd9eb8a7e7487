import type { Detector } from '../../../core/detectors/detector.ts'
import { evaluationSelection, MOST_DETECTIONS } from '../../../core/detectors/shared/select.ts'

export interface DetectionOptions {
  /** Minimum score. */
  readonly score: number
  /** Class-wise NMS suppresses boxes that overlap a better one by more than this IoU. */
  readonly nms: number
  /** Maximum number of detections per image. */
  readonly limit: number
}

export const evaluationOptions = (detector: Pick<Detector, 'nms'>): DetectionOptions => ({
  ...evaluationSelection(detector),
  limit: MOST_DETECTIONS,
})
