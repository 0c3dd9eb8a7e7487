import { rleIntersection } from '../geometry/rle.ts'
import type { Group } from './groups.ts'
import type { DetectionTable, GroundTruthTable, MaskColumn } from './tables.ts'

/**
 * IoU of a detection with an object, of their masks where the tables have them; with a crowd, the share of the detection that lies
 * inside it. In the order of operations of pycocotools' `bbIou` and `rleIou`: IoUs that meet a threshold exactly are common
 * among rounded boxes.
 */
export function iouOf(objects: GroundTruthTable, g: number, detections: DetectionTable, d: number): number {
  if (objects.masks && detections.masks)
    return maskIou(objects.masks, g, detections.masks, d, objects.crowd[g] === 1)
  const i = g * 4
  const j = d * 4
  const x = objects.boxes[i]!
  const y = objects.boxes[i + 1]!
  const w = objects.boxes[i + 2]!
  const h = objects.boxes[i + 3]!
  const dx = detections.boxes[j]!
  const dy = detections.boxes[j + 1]!
  const width = Math.min(dx + detections.boxes[j + 2]!, x + w) - Math.max(dx, x)
  if (width <= 0) return 0
  const height = Math.min(dy + detections.boxes[j + 3]!, y + h) - Math.max(dy, y)
  if (height <= 0) return 0
  const intersection = width * height
  const area = detections.areas[d]!
  return intersection / (objects.crowd[g] === 1 ? area : area + w * h - intersection)
}

function maskIou(objects: MaskColumn, g: number, detections: MaskColumn, d: number, crowd: boolean): number {
  const [i, j] = [g * 4, d * 4]
  const apart =
    objects.bounds[i]! >= detections.bounds[j + 2]! ||
    detections.bounds[j]! >= objects.bounds[i + 2]! ||
    objects.bounds[i + 1]! >= detections.bounds[j + 3]! ||
    detections.bounds[j + 1]! >= objects.bounds[i + 3]!
  if (apart) return 0
  const intersection = rleIntersection(objects.masks[g]!, detections.masks[d]!)
  const area = detections.areas[d]!
  return intersection / (crowd ? area : area + objects.areas[g]! - intersection)
}

/** Writes the IoUs [D, G] of the group's first D detections with its G objects into `out`, and returns the highest, 0 of none. */
export function fillIous(
  objects: GroundTruthTable,
  detections: DetectionTable,
  { gStart, gEnd, dStart }: Group,
  D: number,
  out: Float64Array,
): number {
  let at = 0
  let highest = 0
  for (let d = dStart; d < dStart + D; d++) {
    for (let g = gStart; g < gEnd; g++) {
      const iou = iouOf(objects, g, detections, d)
      if (iou > highest) highest = iou
      out[at++] = iou
    }
  }
  return highest
}
