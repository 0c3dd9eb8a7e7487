/**
 * PolarMask's four losses with their gradients by the raw outputs (section 3.3 and 3.4 of the paper, in its authors' normalisation).
 *
 * N images, L locations, K classes, n rays, P positives with polar centerness c.
 */
import type { Pyramid } from '../../pyramid/levels.ts'
import { BACKGROUND } from '../assigner.ts'
import type { Outputs } from '../detector.ts'
import { centernessLoss } from '../fcos/loss.ts'
import { focalLoss } from '../shared/focal.ts'
import type { PolarMaskHead } from './config.ts'
import type { PolarTargets } from './targets.ts'

/** No image is wider, so no ray is longer; as of any clamp, the slope beyond is 0. */
const MAX_EXPONENT = Math.log(2 ** 16)

/** From a raw output, scaled, to a length in pixels. */
export const lengthOf = (unit: PolarMaskHead['unit'], u: number, stride: number): number =>
  (unit === 'strides' ? stride : 1) * Math.exp(Math.min(u, MAX_EXPONENT))

export interface PolarImageTargets
  extends Pick<PolarTargets, 'location' | 'gt' | 'ltrb' | 'rays' | 'centerness'> {
  /** [objects] */
  readonly classes: Int32Array
}

export interface PolarLossInput {
  /** logits [N,L,K], centerness [N,L], regression [N,L,4], rays [N,L,n]. */
  readonly outputs: Outputs
  /** One per image. */
  readonly targets: readonly PolarImageTargets[]
  readonly grid: Pyramid
  readonly unit: PolarMaskHead['unit']
  /** [levels] learned scale of the box's sides and of the rays. */
  readonly scales: Float32Array
  readonly rayScales: Float32Array
  readonly rays: number
  readonly focalAlpha: number
  readonly focalGamma: number
  /** What the classification loss is divided by; at least 1. */
  readonly normaliser: number
  /** Overwritten with the gradients of the sum. */
  readonly gradients: Outputs
}

export interface PolarLoss {
  readonly classification: number
  readonly box: number
  readonly mask: number
  readonly centerness: number
  /** What `centerness` cannot fall below: the entropy of its targets. */
  readonly centernessFloor: number
  readonly scaleGradient: Float32Array
  readonly rayScaleGradient: Float32Array
}

export function polarLoss(input: PolarLossInput): PolarLoss {
  const { outputs, targets, grid, unit, scales, rayScales, rays, gradients } = input
  const { levels, locations } = grid
  const count = targets.reduce((sum, { location }) => sum + location.length, 0)
  const rows = new Int32Array(count)
  const levelOf = new Int32Array(count)
  const centerness = new Float32Array(count)
  const classOfRow = new Int32Array(targets.length * locations).fill(BACKGROUND)
  const target = { ltrb: new Float32Array(count * 4), rays: new Float32Array(count * rays) }
  let at = 0
  for (const [image, of] of targets.entries()) {
    target.ltrb.set(of.ltrb, at * 4)
    target.rays.set(of.rays, at * rays)
    centerness.set(of.centerness, at)
    for (const [i, location] of of.location.entries()) {
      rows[at] = image * locations + location
      levelOf[at] = levels.findLastIndex(({ first }) => first <= location)
      classOfRow[rows[at]] = of.classes[of.gt[i]]
      at++
    }
  }
  const classification = focalLoss(
    outputs.logits,
    classOfRow,
    { alpha: input.focalAlpha, gamma: input.focalGamma, normaliser: input.normaliser },
    gradients.logits,
  )

  const logits = Float32Array.from(rows, (row) => outputs.centerness[row])
  const byLogits = new Float32Array(count)
  const branch = centernessLoss(logits, centerness, Math.max(1, count), byLogits)
  gradients.centerness.fill(0)
  for (const [i, row] of rows.entries()) gradients.centerness[row] = byLogits[i]

  // Where no positive has any centerness nothing is learnt of extents.
  const weight = centerness.reduce((sum, c) => sum + c, 0) || Number.POSITIVE_INFINITY
  const lengths = (name: 'regression' | 'rays', width: number, scale: Float32Array) => {
    const predicted = new Float64Array(count * width)
    const raw = outputs[name]
    for (const [i, row] of rows.entries()) {
      const level = levelOf[i]
      for (let k = 0; k < width; k++) {
        predicted[i * width + k] = lengthOf(unit, scale[level] * raw[row * width + k], levels[level].stride)
      }
    }
    /** Takes the gradient by the lengths to the raw outputs; returns that by the scales. */
    const back = (gradient: Float64Array): Float32Array => {
      const byScale = new Float32Array(levels.length)
      gradients[name].fill(0)
      for (const [i, row] of rows.entries()) {
        const level = levelOf[i]
        for (let k = 0; k < width; k++) {
          const x = raw[row * width + k]
          const u = scale[level] * x
          const byU = u < MAX_EXPONENT ? gradient[i * width + k] * predicted[i * width + k] : 0
          gradients[name][row * width + k] = byU * scale[level]
          byScale[level] += byU * x
        }
      }
      return byScale
    }
    return { predicted, back }
  }
  const sides = lengths('regression', 4, scales)
  const bySides = new Float64Array(count * 4)
  const box = sidesLoss(sides.predicted, target.ltrb, centerness, weight, bySides)
  const outline = lengths('rays', rays, rayScales)
  const byRays = new Float64Array(count * rays)
  const mask = rayLoss(outline.predicted, target.rays, rays, centerness, weight, byRays)
  return {
    ...{ classification, box, mask },
    centerness: branch.loss,
    centernessFloor: branch.floor,
    scaleGradient: sides.back(bySides),
    rayScaleGradient: outline.back(byRays),
  }
}

/**
 * Σ c·ln(Σ max(d̂, d) / Σ min(d̂, d)) / divisor over P bundles of n rays (Polar IoU loss, equation 6).
 *
 * @param predicted [P·n] lengths > 0
 * @param target [P·n] lengths ≥ 0
 * @param gradient [P·n], overwritten with d loss / d predicted
 */
export function rayLoss(
  predicted: Float64Array,
  target: Float32Array,
  rays: number,
  weights: Float32Array,
  divisor: number,
  gradient: Float64Array,
): number {
  let loss = 0
  for (const [i, c] of weights.entries()) {
    let [greater, lesser] = [0, 0]
    for (let at = i * rays; at < (i + 1) * rays; at++) {
      greater += Math.max(predicted[at], target[at])
      lesser += Math.min(predicted[at], target[at])
    }
    const weight = c / divisor
    // A bundle of missing rays has no weight.
    if (!(weight > 0)) {
      gradient.fill(0, i * rays, (i + 1) * rays)
      continue
    }
    loss += weight * Math.log(greater / lesser)
    for (let at = i * rays; at < (i + 1) * rays; at++) {
      gradient[at] = weight * (predicted[at] > target[at] ? 1 / greater : -1 / lesser)
    }
  }
  return loss
}

/**
 * Σ c·(−ln IoU) / divisor over P boxes given by distances l, t, r, b from one location, whose sides count their last pixel:
 * width l + r + 1, as the authors' program has it.
 *
 * @param predicted [P·4] distances > 0
 * @param gradient [P·4], overwritten with d loss / d predicted
 */
function sidesLoss(
  predicted: Float64Array,
  target: Float32Array,
  weights: Float32Array,
  divisor: number,
  gradient: Float64Array,
): number {
  let loss = 0
  for (const [i, c] of weights.entries()) {
    const at = i * 4
    const extents = (of: (side: number) => number): [width: number, height: number] => [
      of(at) + of(at + 2) + 1,
      of(at + 1) + of(at + 3) + 1,
    ]
    const own = extents((side) => predicted[side])
    const wanted = extents((side) => target[side])
    const shared = extents((side) => Math.min(predicted[side], target[side]))
    const intersection = shared[0] * shared[1]
    const union = own[0] * own[1] + wanted[0] * wanted[1] - intersection
    const weight = c / divisor
    loss -= weight * Math.log(intersection / union)
    for (let k = 0; k < 4; k++) {
      const other = 1 - (k % 2)
      const byIntersection = predicted[at + k] < target[at + k] ? shared[other] : 0
      gradient[at + k] = weight * ((own[other] - byIntersection) / union - byIntersection / intersection)
    }
  }
  return loss
}
