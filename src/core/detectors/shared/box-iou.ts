/**
 * Losses between a predicted and a target box, both given as distances l, t, r, b from one common location,
 * negative where it lies beyond that side. Intersection and enclosing box are then minima and maxima of distances:
 *   I = (min(l,l*) + min(r,r*))·(min(t,t*) + min(b,b*)),   C likewise with max,   U = A + A* − I.
 */
/** A loss as a function of A, I and C (through U = A + A* − I), with its three partial derivatives. */
interface AreaLoss {
  readonly value: number
  readonly byPredicted: number
  readonly byIntersection: number
  readonly byEnclosing: number
}

/**
 * Σ weight·loss / normaliser over P pairs of boxes.
 *
 * @param kind iou: −ln((I+1)/(U+1)). giou: 1 − I/U + (C−U)/C, torchvision's generalized_box_iou_loss
 * @param predicted [P,4] distances in pixels, order l, t, r, b
 * @param target [P,4] distances in pixels
 * @param weights [P], 1 each if undefined
 * @param gradient [P,4], overwritten with d loss / d predicted
 */
export function boxLoss(
  kind: 'giou' | 'iou',
  predicted: Float64Array,
  target: Float32Array,
  weights: Float32Array | undefined,
  normaliser: number,
  gradient: Float64Array,
): number {
  const lossOf = kind === 'giou' ? giouLoss : iouLoss
  let sum = 0
  for (let at = 0; at < predicted.length; at += 4) {
    const weight = (weights ? weights[at / 4] : 1) / normaliser
    const [w, h] = extent(predicted, predicted, at, Math.min)
    const [targetW, targetH] = extent(target, target, at, Math.min)
    // Below 0 only if the boxes lie apart, which boxes around a common location never do.
    const [sharedW, sharedH] = extent(predicted, target, at, Math.min).map((side) => Math.max(0, side))
    const [hullW, hullH] = extent(predicted, target, at, Math.max)
    const loss = lossOf(w * h, targetW * targetH, sharedW * sharedH, hullW * hullH)
    sum += weight * loss.value
    // A prediction of no width or height has I = 0 to either side of it, so no slope (torchvision's rule).
    const byIntersection = sharedW * sharedH > 0 ? loss.byIntersection : 0
    for (let side = 0; side < 4; side++) {
      // An area's slope by a horizontal distance is its height, and the other way round.
      const horizontal = side % 2 === 0
      const inside = shareOfMinimum(predicted[at + side], target[at + side])
      gradient[at + side] =
        weight *
        (loss.byPredicted * (horizontal ? h : w) +
          byIntersection * (horizontal ? sharedH : sharedW) * inside +
          loss.byEnclosing * (horizontal ? hullH : hullW) * (1 - inside))
    }
  }
  return sum
}

type Distances = Float32Array | Float64Array

/** Width and height of the box whose distances are pick(a, b). */
function extent(
  a: Distances,
  b: Distances,
  at: number,
  pick: (a: number, b: number) => number,
): readonly [width: number, height: number] {
  return [
    pick(a[at], b[at]) + pick(a[at + 2], b[at + 2]),
    pick(a[at + 1], b[at + 1]) + pick(a[at + 3], b[at + 3]),
  ]
}

/** Slope of min(predicted, target) by predicted; the rest to 1 is that of max. Ties share it equally, as in torch. */
function shareOfMinimum(predicted: number, target: number): number {
  if (predicted === target) return 0.5
  return predicted < target ? 1 : 0
}

/**
 * IoU loss of FCOS section 3.1 (UnitBox, Yu et al. 2016) with the authors' +1 in both areas: the loss stays finite without
 * overlap. The areas are in pixels², so the +1 matters for boxes of a few pixels only.
 */
function iouLoss(predicted: number, target: number, intersection: number): AreaLoss {
  const union = predicted + target - intersection
  return {
    value: Math.log((union + 1) / (intersection + 1)),
    byPredicted: 1 / (union + 1),
    byIntersection: -1 / (union + 1) - 1 / (intersection + 1),
    byEnclosing: 0,
  }
}

/** GIoU loss (Rezatofighi et al. 2019) with torchvision's ε = 1e-7 in both denominators. */
function giouLoss(predicted: number, target: number, intersection: number, enclosing: number): AreaLoss {
  const union = predicted + target - intersection
  const u = union + 1e-7
  const c = enclosing + 1e-7
  const byUnion = intersection / (u * u) - 1 / c
  return {
    value: 1 - intersection / u + (enclosing - union) / c,
    byPredicted: byUnion,
    byIntersection: -1 / u - byUnion,
    byEnclosing: u / (c * c),
  }
}
