/**
 * Boxes as four numbers relative to an anchor (R-CNN, Girshick et al. 2014, appendix C): (Δx, Δy) between the centres in widths and
 * heights of the anchor, and the logarithms of the ratios of widths and heights; each multiplied by its weight.
 */

export interface BoxCode {
  readonly weights: readonly [x: number, y: number, width: number, height: number]
  /** 1 where a box's width counts its last pixel in: x2 − x1 + 1 (the code of Detectron's time). */
  readonly lastPixel: 0 | 1
}

/** Largest logarithm of a ratio that is decoded, as everywhere since Detectron: 62.5 times the anchor. Beyond, nothing is learnt. */
export const MAX_LOG_RATIO = Math.log(1000 / 16)

/** Centre, width and height in pixels. */
export interface CodeAnchor {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Writes the code of box `gt` of `boxes` [N·4] to `into` from `at` on, in float32. */
export function encode(
  { weights, lastPixel }: BoxCode,
  anchor: CodeAnchor,
  boxes: Float32Array,
  gt: number,
  into: Float32Array,
  at: number,
): void {
  const [x1, y1, x2, y2] = [boxes[gt * 4], boxes[gt * 4 + 1], boxes[gt * 4 + 2], boxes[gt * 4 + 3]]
  into[at] = (weights[0] * ((x1 + x2) / 2 - anchor.x)) / anchor.width
  into[at + 1] = (weights[1] * ((y1 + y2) / 2 - anchor.y)) / anchor.height
  into[at + 2] = weights[2] * Math.log((x2 - x1 + lastPixel) / anchor.width)
  into[at + 3] = weights[3] * Math.log((y2 - y1 + lastPixel) / anchor.height)
}

/** A decoded box as distances l, t, r, b from the anchor's centre, and what the code changes of them. */
export interface Decoded {
  /** Negative where the side lies beyond the centre. */
  readonly ltrb: Float64Array
  /** ∂(l, t)/∂(Δx, Δy) is its negative, ∂(r, b)/∂(Δx, Δy) itself. */
  readonly byShift: Float64Array
  /** ∂(l, t)/∂(log ratio) and ∂(r, b)/∂(log ratio). */
  readonly byLog: Float64Array
}

export const emptyDecoded = (): Decoded => ({
  ltrb: new Float64Array(4),
  byShift: new Float64Array(2),
  byLog: new Float64Array(2),
})

/** Decodes the code at `at` of `codes`. */
export function decode(
  { weights, lastPixel }: BoxCode,
  anchor: CodeAnchor,
  codes: Float32Array,
  at: number,
  { ltrb, byShift, byLog }: Decoded,
): void {
  for (let axis = 0; axis < 2; axis++) {
    const side = axis === 0 ? anchor.width : anchor.height
    const log = codes[at + 2 + axis] / weights[2 + axis]
    const half = (Math.exp(Math.min(log, MAX_LOG_RATIO)) * side) / 2
    const shift = (codes[at + axis] / weights[axis]) * side
    const reach = half - lastPixel / 2
    ltrb[axis] = reach - shift
    ltrb[axis + 2] = reach + shift
    byShift[axis] = side / weights[axis]
    byLog[axis] = log > MAX_LOG_RATIO ? 0 : half / weights[2 + axis]
  }
}

/** From a gradient by l, t, r, b to that by the code, written to `into` from `at` on. */
export function codeGradient(
  { byShift, byLog }: Decoded,
  gradient: Float64Array,
  from: number,
  into: Float32Array,
  at: number,
): void {
  for (let axis = 0; axis < 2; axis++) {
    const [near, far] = [gradient[from + axis], gradient[from + axis + 2]]
    into[at + axis] = (far - near) * byShift[axis]
    into[at + 2 + axis] = (near + far) * byLog[axis]
  }
}
