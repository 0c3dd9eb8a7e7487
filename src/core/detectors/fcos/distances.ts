/**
 * From the regression branch's raw output x to a distance d in pixels. s is the level's learned scale (1 where a model
 * has none), stride the level's nominal stride, u = s·x.
 *   exp:  d = e^u           (FCOS section 3.1)
 *   relu: d = stride·max(0, u)   (the authors' later version, torchvision)
 * Chain rule: ∂d/∂x = s·slope, ∂d/∂s = x·slope, with slope = ∂d/∂u.
 */

import type { Pyramid } from '../../pyramid/levels.ts'
import type { HeadConfig } from './config.ts'

export type DistanceRule = HeadConfig['distance']

/**
 * Largest exponent of `exp`: no image is wider than 2^16 pixels (the limit of JPEG), so no distance is. Without it a step that
 * diverges makes d infinite (u > 88 in float32) and the loss NaN. Beyond it the slope is 0, as of any clamp.
 */
export const MAX_EXPONENT = Math.log(2 ** 16)

export function distance(rule: DistanceRule, u: number, stride: number): number {
  return rule === 'exp' ? Math.exp(Math.min(u, MAX_EXPONENT)) : stride * Math.max(0, u)
}

/** ∂d/∂u. At relu's kink 0, as torch has it: a side whose raw output is ≤ 0 does not learn. */
export function distanceSlope(rule: DistanceRule, u: number, stride: number): number {
  if (rule === 'exp') return u < MAX_EXPONENT ? Math.exp(u) : 0
  return u > 0 ? stride : 0
}

/**
 * What every location predicts: [L,4] distances l, t, r, b in pixels of the network's input.
 *
 * @param regression [L,4] before exp or relu
 * @param scales [levels] learned scale of each level's regression; 1 each if null
 */
export function predictedDistances(
  regression: Float32Array,
  { levels }: Pyramid,
  rule: DistanceRule,
  scales: Float32Array | null,
): Float32Array {
  const distances = new Float32Array(regression.length)
  for (const [i, { first, rows, columns, stride }] of levels.entries()) {
    const scale = scales?.[i] ?? 1
    for (let k = first * 4; k < (first + rows * columns) * 4; k++) {
      distances[k] = distance(rule, scale * regression[k], stride)
    }
  }
  return distances
}
