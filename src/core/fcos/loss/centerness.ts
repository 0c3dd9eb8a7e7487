/**
 * Binary cross-entropy with logits against the centerness target c* of positive locations (FCOS section 3.2).
 *
 * c* is not 0 or 1, so the loss cannot fall below the entropy of its targets, H(c*) = −c* ln c* − (1−c*) ln(1−c*): it seems
 * stuck near 0.6. Only the excess above that floor, KL(c* ‖ σ(z)), says how far the branch is from its targets.
 */

export interface CenternessLoss {
  readonly loss: number
  /** The least value that `loss` can take for these targets. */
  readonly floor: number
}

/**
 * The loss and its floor, summed over P positives and divided by the normaliser.
 *
 * @param logits [P]
 * @param target [P] in [0, 1]
 * @param gradient [P], overwritten with d loss / d logits
 */
export function centernessLoss(
  logits: Float32Array,
  target: Float32Array,
  normaliser: number,
  gradient: Float32Array,
): CenternessLoss {
  let loss = 0
  let floor = 0
  for (let i = 0; i < logits.length; i++) {
    const z = logits[i]
    const t = target[i]
    const e = Math.exp(-Math.abs(z))
    loss += Math.log1p(e) + Math.max(z, 0) - t * z
    floor += entropy(t)
    gradient[i] = ((z < 0 ? e : 1) / (1 + e) - t) / normaliser
  }
  return { loss: loss / normaliser, floor: floor / normaliser }
}

/** Entropy in nats of a coin that shows heads with probability t. */
export function entropy(t: number): number {
  return t > 0 && t < 1 ? -t * Math.log(t) - (1 - t) * Math.log1p(-t) : 0
}
