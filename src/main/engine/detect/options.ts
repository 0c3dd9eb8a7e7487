import { EVALUATION_SELECTION, MOST_DETECTIONS } from '../../../core/detectors/shared/select.ts'

export interface DetectionOptions {
  /** Least score. */
  readonly score: number
  /** Class-wise NMS suppresses boxes that overlap a better one by more than this IoU. */
  readonly nms: number
  /** Most detections per image. */
  readonly limit: number
}

export const EVALUATION_OPTIONS: DetectionOptions = { ...EVALUATION_SELECTION, limit: MOST_DETECTIONS }
