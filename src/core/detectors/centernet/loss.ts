/**
 * CenterNet's three losses with their gradients by the raw outputs ("Objects as Points", section 3, equations 1 to 3).
 *
 * N images, L cells, K classes.
 */
import type { Outputs } from '../detector.ts'
import type { CenterNetTargets } from './targets.ts'

/** Predicted probabilities are clamped to [this, 1 − this], as in the authors' program. Where they are, the gradient is 0. */
const LEAST = 1e-4

export interface CenterNetLossInput {
  /** heat [N,L,K] logits; size [N,L,2] and offset [N,L,2] in cells. */
  readonly outputs: Outputs
  /** The targets of each image. */
  readonly targets: readonly CenterNetTargets[]
  readonly classes: number
  readonly sizeWeight: number
  readonly offsetWeight: number
  /** Gives what the heat map's loss is divided by, at least 1, for a number of peaks. */
  readonly normaliser: (peaks: number) => number
  /** Overwritten with the gradients of the sum. */
  readonly gradients: Outputs
}

export interface CenterNetLosses {
  readonly heat: number
  /** The loss of the size times its weight. */
  readonly size: number
  readonly offset: number
  /** Number of cells of the heat maps that are 1. It is smaller than that of objects where two of a class share a cell. */
  readonly peaks: number
  readonly objects: number
}

export function centerNetLoss(input: CenterNetLossInput): CenterNetLosses {
  const { targets, sizeWeight, offsetWeight } = input
  let [peaks, objects] = [0, 0]
  for (const { heatmap, index } of targets) {
    for (const value of heatmap) if (value === 1) peaks++
    for (const cell of index) if (cell >= 0) objects++
  }
  return {
    heat: heatLoss(input, input.normaliser(peaks)),
    size: distanceLoss(input, 'size', sizeWeight, objects),
    offset: distanceLoss(input, 'offset', offsetWeight, objects),
    peaks,
    objects,
  }
}

/**
 * The focal loss with a penalty that is reduced around centres, p = σ(z):
 *   Y = 1: −(1−p)² ln p             d/dz = 2p(1−p)² ln p − (1−p)³
 *   else:  −(1−Y)⁴ p² ln(1−p)       d/dz = (1−Y)⁴ (p³ − 2p²(1−p) ln(1−p))
 */
function heatLoss({ outputs, targets, classes, gradients }: CenterNetLossInput, divisor: number): number {
  const { heat } = outputs
  const gradient = gradients.heat
  let sum = 0
  for (const [n, { heatmap, rows, columns }] of targets.entries()) {
    const cells = rows * columns
    for (let cell = 0; cell < cells; cell++) {
      for (let k = 0; k < classes; k++) {
        const at = (n * cells + cell) * classes + k
        const raw = 1 / (1 + Math.exp(-heat[at]))
        const p = Math.min(Math.max(raw, LEAST), 1 - LEAST)
        const y = heatmap[k * cells + cell]
        let slope: number
        if (y === 1) {
          const log = Math.log(p)
          sum -= (1 - p) ** 2 * log
          slope = 2 * p * (1 - p) ** 2 * log - (1 - p) ** 3
        } else {
          const weight = (1 - y) ** 4
          const log = Math.log(1 - p)
          sum -= weight * p ** 2 * log
          slope = weight * (p ** 3 - 2 * p ** 2 * (1 - p) * log)
        }
        gradient[at] = raw === p ? slope / divisor : 0
      }
    }
  }
  return sum / divisor
}

/**
 * Mean absolute difference over both coordinates of all objects. Where objects share a cell, each of them counts, whatever its
 * class.
 */
function distanceLoss(
  { outputs, targets, gradients }: CenterNetLossInput,
  name: 'size' | 'offset',
  weight: number,
  objects: number,
): number {
  const predicted = outputs[name]
  const gradient = gradients[name]
  gradient.fill(0)
  const factor = weight / (2 * objects + 1e-4)
  let sum = 0
  for (const [n, target] of targets.entries()) {
    const cells = target.rows * target.columns
    for (const [gt, cell] of target.index.entries()) {
      if (cell < 0) continue
      for (let side = 0; side < 2; side++) {
        const at = (n * cells + cell) * 2 + side
        const difference = predicted[at] - target[name][gt * 2 + side]
        sum += Math.abs(difference)
        gradient[at] += factor * Math.sign(difference)
      }
    }
  }
  return factor * sum
}
