/**
 * Sigmoid focal loss (Lin et al. 2017, RetinaNet section 3) over the class channels of all locations, and its gradient.
 *
 * R rows (locations of an image or a batch), K classes, z a logit, p = σ(z), softplus(z) = ln(1 + e^z):
 *   negative: (1−α)·p^γ·softplus(z)       d/dz = (1−α)·p^γ·(γ(1−p)·softplus(z) + p)
 *   positive: α·(1−p)^γ·softplus(−z)      d/dz = −α·(1−p)^γ·(γp·softplus(−z) + 1−p)
 */
import { BACKGROUND, IGNORED } from '../assigner.ts'

export interface FocalOptions {
  /** Weight of positives; negatives weigh 1 − alpha. */
  readonly alpha: number
  readonly gamma: number
  /** Loss and gradient are divided by it. */
  readonly normaliser: number
}

/**
 * The loss summed over all rows and classes, divided by the normaliser.
 *
 * @param logits [R,K]
 * @param target [R] each row's positive class in 0…K−1, BACKGROUND (all classes are negatives) or IGNORED
 * @param gradient [R,K], overwritten with d loss / d logits
 */
export function focalLoss(
  logits: Float32Array,
  target: Int32Array,
  { alpha, gamma, normaliser }: FocalOptions,
  gradient: Float32Array,
): number {
  const classes = logits.length / target.length
  const positiveWeight = alpha / normaliser
  const negativeWeight = (1 - alpha) / normaliser
  let loss = 0
  for (let row = 0, start = 0; row < target.length; row++, start += classes) {
    const end = start + classes
    const label = target[row]
    if (label === IGNORED) {
      gradient.fill(0, start, end)
    } else if (label === BACKGROUND) {
      loss += negatives(logits, start, end, negativeWeight, gamma, gradient)
    } else {
      const at = start + label
      loss += negatives(logits, start, at, negativeWeight, gamma, gradient)
      loss += positive(logits, at, positiveWeight, gamma, gradient)
      loss += negatives(logits, at + 1, end, negativeWeight, gamma, gradient)
    }
  }
  return loss
}

/** The loss of negatives. Nearly all elements are negatives with logits far below 0, so this loop takes most of the time. */
function negatives(
  logits: Float32Array,
  start: number,
  end: number,
  weight: number,
  gamma: number,
  gradient: Float32Array,
): number {
  let loss = 0
  for (let i = start; i < end; i++) {
    const z = logits[i]
    let p: number
    let softplus: number
    if (z < -1.5) {
      // ln(1+e) = 2·artanh(s) with s = e/(2+e): half the time of log1p. s ≤ 0.1, so the first term left out is 1e-11 of the sum.
      const e = Math.exp(z)
      const s = e / (2 + e)
      const s2 = s * s
      p = e / (1 + e)
      softplus = 2 * s * (1 + s2 * (1 / 3 + s2 * (1 / 5 + s2 * (1 / 7 + s2 / 9))))
    } else {
      const e = Math.exp(-Math.abs(z))
      p = (z < 0 ? e : 1) / (1 + e)
      softplus = Math.log1p(e) + Math.max(z, 0)
    }
    const modulated = weight * (gamma === 2 ? p * p : p ** gamma)
    loss += modulated * softplus
    gradient[i] = modulated * (gamma * (1 - p) * softplus + p)
  }
  return loss
}

function positive(
  logits: Float32Array,
  at: number,
  weight: number,
  gamma: number,
  gradient: Float32Array,
): number {
  const z = logits[at]
  const e = Math.exp(-Math.abs(z))
  const p = (z < 0 ? e : 1) / (1 + e)
  const miss = (z < 0 ? 1 : e) / (1 + e)
  const softplus = Math.log1p(e) + Math.max(-z, 0)
  const modulated = weight * miss ** gamma
  gradient[at] = -modulated * (gamma * p * softplus + miss)
  return modulated * softplus
}
