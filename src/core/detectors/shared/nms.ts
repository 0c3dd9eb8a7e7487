/**
 * Class-wise non-maximum suppression: in descending order of score, a box is kept unless a kept box of its class
 * overlaps it by more than the threshold.
 *
 * Equal scores keep their input order (as torchvision's stable sort). Overlaps are taken in float64 of each class's own
 * boxes; torchvision shifts the classes apart in float32, which moves an IoU by up to about 1e-4.
 *
 * @param boxes [M,4] x1, y1, x2, y2
 * @param scores [M]
 * @param labels [M]
 * @param limit how many boxes to keep at most; the best are kept
 * @param overlap of two boxes by index; the boxes' IoU
 * @returns indices of the kept boxes in descending order of score
 */
export function nms(
  boxes: Float32Array,
  scores: Float32Array,
  labels: Int32Array,
  iouThreshold: number,
  limit: number,
  overlap: (one: number, other: number) => number = (one, other) => iou(boxes, one * 4, other * 4),
): Int32Array {
  const order = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a])
  const kept: number[] = []
  const keptOfClass = new Map<number, number[]>()
  for (const candidate of order) {
    if (kept.length === limit) break
    const label = labels[candidate]
    const rivals = keptOfClass.get(label) ?? []
    if (rivals.some((rival) => overlap(rival, candidate) > iouThreshold)) continue
    kept.push(candidate)
    rivals.push(candidate)
    keptOfClass.set(label, rivals)
  }
  return Int32Array.from(kept)
}

/** IoU of the boxes at offsets a and b; 0 where they do not overlap. */
function iou(boxes: Float32Array, a: number, b: number): number {
  const width = Math.min(boxes[a + 2], boxes[b + 2]) - Math.max(boxes[a], boxes[b])
  const height = Math.min(boxes[a + 3], boxes[b + 3]) - Math.max(boxes[a + 1], boxes[b + 1])
  if (width <= 0 || height <= 0) return 0
  const intersection = width * height
  return intersection / (areaAt(boxes, a) + areaAt(boxes, b) - intersection)
}

function areaAt(boxes: Float32Array, at: number): number {
  return (boxes[at + 2] - boxes[at]) * (boxes[at + 3] - boxes[at + 1])
}
