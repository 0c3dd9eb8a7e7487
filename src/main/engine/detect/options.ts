import type { Detector } from '../../../core/detectors/detector.ts'
import { evaluationSelection, MOST_DETECTIONS } from '../../../core/detectors/shared/select.ts'

export interface DetectionOptions {
  /** Least score. */
  readonly score: number
  /** Class-wise NMS suppresses boxes that overlap a better one by more than this IoU. */
  readonly nms: number
  /** Most detections per image. */
  readonly limit: number
}

export const evaluationOptions = (detector: Pick<Detector, 'nms'>): DetectionOptions => ({
  ...evaluationSelection(detector),
  limit: MOST_DETECTIONS,
})
