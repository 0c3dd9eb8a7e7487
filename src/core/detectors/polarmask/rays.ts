/**
 * PolarMask's description of a mask (Xie et al., CVPR 2020, arXiv 1909.13226, section 3.2): the distances from a location to the
 * outline along n rays. Ray i points 360°·i/n from straight down towards the right: 0° down, 90° right, 180° up, 270° left.
 */

export type RayRule =
  /** Where the ray crosses the outline farthest away. */
  | 'exact'
  /** The authors': the farthest outline pixel in the ray's whole degree, or up to three degrees beside it. */
  | 'code'

/** What the authors' program gives a ray in whose degrees there is no pixel. Centerness then is next to nothing. */
export const MISSING_RAY = 1e-6

/** Where ray i of n points, one pixel along it. */
export function rayDirection(ray: number, count: number): readonly [dx: number, dy: number] {
  const angle = (2 * Math.PI * ray) / count
  return [Math.sin(angle), Math.cos(angle)]
}

/**
 * Distances along `count` rays to the farthest crossing with a polygon's outline, 0 where a ray does not cross it.
 *
 * @param polygon flat x, y list, closed by itself, in the coordinates of the location
 * @param crossings [count], overwritten with how often each ray crosses the outline; more than once: not star-shaped from here
 */
export function exactRays(
  polygon: ArrayLike<number>,
  x: number,
  y: number,
  count: number,
  crossings?: Uint16Array,
): Float32Array {
  const rays = new Float32Array(count)
  for (let ray = 0; ray < count; ray++) {
    const found = outlineCrossings(polygon, x, y, rayDirection(ray, count))
    if (crossings) crossings[ray] = found.length
    rays[ray] = found.at(-1) ?? 0
  }
  return rays
}

/** Ascending distances at which a ray from a location crosses a polygon's outline. */
export function outlineCrossings(
  polygon: ArrayLike<number>,
  x: number,
  y: number,
  [dx, dy]: readonly [dx: number, dy: number],
): number[] {
  const found: number[] = []
  // No pairs here: this runs for every ray and edge, and they would be garbage.
  for (let i = 0, j = polygon.length - 2; i < polygon.length; j = i, i += 2) {
    const ax = polygon[j]! - x
    const ay = polygon[j + 1]! - y
    const bx = polygon[i]! - x
    const by = polygon[i + 1]! - y
    // Which side of the ray's line the ends are on. An end on the line counts to one side, so that a corner is crossed once.
    const sideA = dx * ay - dy * ax
    const sideB = dx * by - dy * bx
    if (sideA >= 0 === sideB >= 0) continue
    const share = sideA / (sideA - sideB)
    const distance = (ax + share * (bx - ax)) * dx + (ay + share * (by - ay)) * dy
    if (distance >= 0) found.push(distance)
  }
  return found.sort((a, b) => a - b)
}

/** Degrees around a ray's own in which the authors look for a pixel, in their order. */
const DEGREES_AROUND = [0, 1, -1, 2, -2, 3, -3]

/**
 * The authors' distances along `count` rays, `count` a divisor of 360.
 *
 * @param contour flat x, y list of the outline's pixels, as indices
 */
export function pixelRays(contour: ArrayLike<number>, x: number, y: number, count: number): Float32Array {
  const farthest = new Float32Array(360)
  const f = Math.fround
  for (let i = 0; i < contour.length; i += 2) {
    const dx = f(contour[i]! - x)
    const dy = f(contour[i + 1]! - y)
    const turned = f(f(f(Math.atan2(dx, dy)) * 180) / f(Math.PI))
    const degree = Math.trunc(turned < 0 ? f(turned + 360) : turned) % 360
    farthest[degree] = Math.max(farthest[degree]!, f(Math.sqrt(f(f(dx * dx) + f(dy * dy)))))
  }
  return Float32Array.from({ length: count }, (_, ray) => {
    const degree = (360 / count) * ray
    // Degree 0 does not look back to 359.
    const found = DEGREES_AROUND.map((by) => farthest[degree + by] ?? 0).find((distance) => distance > 0)
    return found ?? MISSING_RAY
  })
}

/** √(least / greatest distance) (equation 2), in [0, 1]: 1 where all rays are equally long. */
export function polarCenterness(rays: ArrayLike<number>, start = 0, count = rays.length): number {
  let [least, greatest] = [Number.POSITIVE_INFINITY, 0]
  for (let ray = start; ray < start + count; ray++) {
    least = Math.min(least, rays[ray]!)
    greatest = Math.max(greatest, rays[ray]!)
  }
  return greatest > 0 ? Math.fround(Math.sqrt(Math.fround(least / greatest))) : 0
}

/** The polygon that rays describe, as a flat x, y list: (x + d·sin θ, y + d·cos θ). */
export function rayPolygon(rays: ArrayLike<number>, x: number, y: number): number[] {
  return Array.from(rays).flatMap((distance, ray) => {
    const [dx, dy] = rayDirection(ray, rays.length)
    return [x + distance * dx, y + distance * dy]
  })
}
