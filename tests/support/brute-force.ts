/**
 * FCOS's assignment as its paper and the two implementations define it, location by location and box by box: slow,
 * plain, and written without the code that it checks.
 */
import type { AssignmentRules } from '../../src/core/detectors/fcos/config.ts'

const f = Math.fround

export interface Point {
  x: number
  y: number
  level: number
}

/** Every location of P3 to P7, each level row-major. */
export function points(width: number, height: number, location: AssignmentRules['location']): Point[] {
  const all: Point[] = []
  let [w, h] = [Math.ceil(width / 8), Math.ceil(height / 8)]
  for (let level = 0; level < 5; level++) {
    const stride = 8 << level
    for (let row = 0; row < h; row++) {
      for (let column = 0; column < w; column++) {
        const corner = { x: column * Math.floor(width / w), y: row * Math.floor(height / h) }
        const middle = { x: stride / 2 + column * stride, y: stride / 2 + row * stride }
        all.push({ ...(location === 'corner' ? corner : middle), level })
      }
    }
    // ceil(ceil(n / 2) / 2) = ceil(n / 4), so halving P3 gives P4 and P5 as dividing the input does.
    w = Math.ceil(w / 2)
    h = Math.ceil(h / 2)
  }
  return all
}

const LOWER = [-1, 64, 128, 256, 512]
const UPPER = [64, 128, 256, 512, Number.POSITIVE_INFINITY]
const NAMES = ['P3', 'P4', 'P5', 'P6', 'P7'] as const

/** Whether the point is eligible for the box. */
export function eligible({ x, y, level }: Point, box: readonly number[], rules: AssignmentRules): boolean {
  const [x1, y1, x2, y2] = box
  const ltrb = [f(x - x1), f(y - y1), f(x2 - x), f(y2 - y)]
  if (!(Math.min(...ltrb) > 0)) return false
  const [cx, cy] = [f(f(x1 + x2) / 2), f(f(y1 + y2) / 2)]
  const fromCenter = Math.max(f(Math.abs(x - cx)), f(Math.abs(y - cy)))
  if (rules.radius > 0 && !(fromCenter < f(rules.radius * (8 << level)))) return false
  const far = Math.max(...ltrb)
  let [lower, upper] = [LOWER[level], UPPER[level]]
  if (rules.regressionRanges) {
    const range = rules.regressionRanges[NAMES[level]]
    if (!range) return false
    lower = range[0]
    upper = range[1] ?? Number.POSITIVE_INFINITY
  }
  return rules.ranges === 'closed' ? lower <= far && far <= upper : lower < far && far < upper
}

/** The box each point learns, −1 for none. */
export function bruteForce(
  all: readonly Point[],
  boxes: readonly number[][],
  rules: AssignmentRules,
): number[] {
  const cost = boxes.map(([x1, y1, x2, y2]) => {
    const [w, h] = [f(x2 - x1), f(y2 - y1)]
    return rules.area === 'inclusive' ? f(f(w + 1) * f(h + 1)) : -f(1e8 - f(w * h))
  })
  return all.map((point) => {
    let best = -1
    for (const [gt, box] of boxes.entries()) {
      if (rules.area === 'float32' && cost[gt] > -1e-5) continue
      if (eligible(point, box, rules) && (best < 0 || cost[gt] < cost[best])) best = gt
    }
    return best
  })
}
