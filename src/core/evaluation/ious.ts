import type { Group } from './groups.ts'
import type { DetectionTable, GroundTruthTable } from './tables.ts'

/**
 * IoU [D, G] of the group's first D detections with its G objects into `out`; for a crowd, the share of the detection
 * that lies inside it. In the order of operations of pycocotools' `bbIou`: IoUs that meet a threshold exactly are
 * common among rounded boxes.
 */
export function fillIous(
  groundTruth: GroundTruthTable,
  detections: DetectionTable,
  { gStart, gEnd, dStart }: Group,
  D: number,
  out: Float64Array,
): void {
  const G = gEnd - gStart
  for (let g = 0; g < G; g++) {
    const i = (gStart + g) * 4
    const x = groundTruth.boxes[i]!
    const y = groundTruth.boxes[i + 1]!
    const w = groundTruth.boxes[i + 2]!
    const h = groundTruth.boxes[i + 3]!
    const isCrowd = groundTruth.crowd[gStart + g] === 1
    for (let d = 0; d < D; d++) {
      const j = (dStart + d) * 4
      const dx = detections.boxes[j]!
      const dy = detections.boxes[j + 1]!
      const width = Math.min(dx + detections.boxes[j + 2]!, x + w) - Math.max(dx, x)
      const height = Math.min(dy + detections.boxes[j + 3]!, y + h) - Math.max(dy, y)
      if (width <= 0 || height <= 0) {
        out[d * G + g] = 0
        continue
      }
      const intersection = width * height
      const area = detections.areas[dStart + d]!
      out[d * G + g] = intersection / (isCrowd ? area : area + w * h - intersection)
    }
  }
}
