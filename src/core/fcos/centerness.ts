/**
 * Centerness target (FCOS equation 3): sqrt(min(l, r)/max(l, r) · min(t, b)/max(t, b)), in (0, 1] for positive
 * distances in any one unit. Every step is rounded to float32, as the reference implementations' tensors are.
 */
export function centerness(l: number, t: number, r: number, b: number): number {
  const horizontal = Math.fround(Math.min(l, r) / Math.max(l, r))
  const vertical = Math.fround(Math.min(t, b) / Math.max(t, b))
  return Math.fround(Math.sqrt(Math.fround(horizontal * vertical)))
}
