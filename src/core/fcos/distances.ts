/**
 * From the regression branch's raw output x to a distance d in pixels. s is the level's learned scale (1 where a model
 * has none), stride the level's nominal stride, u = s·x.
 *   exp:  d = e^u           (FCOS section 3.1)
 *   relu: d = stride·max(0, u)   (the authors' later version, torchvision)
 * Chain rule: ∂d/∂x = s·slope, ∂d/∂s = x·slope, with slope = ∂d/∂u.
 */
import type { HeadConfig } from './config.ts'

export type DistanceRule = HeadConfig['distance']

/**
 * Largest exponent of `exp`: no image is wider than 2^16 pixels (the limit of JPEG), so no distance is. Without it a step that
 * diverges makes d infinite (u > 88 in float32) and the loss NaN. Beyond it the slope is 0, as of any clamp.
 */
const MAX_EXPONENT = Math.log(2 ** 16)

export function distance(rule: DistanceRule, u: number, stride: number): number {
  return rule === 'exp' ? Math.exp(Math.min(u, MAX_EXPONENT)) : stride * Math.max(0, u)
}

/** ∂d/∂u. At relu's kink 0, as torch has it: a side whose raw output is ≤ 0 does not learn. */
export function distanceSlope(rule: DistanceRule, u: number, stride: number): number {
  if (rule === 'exp') return u < MAX_EXPONENT ? Math.exp(u) : 0
  return u > 0 ? stride : 0
}
