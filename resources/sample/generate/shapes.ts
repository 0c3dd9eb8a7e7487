/**
 * The shapes as signed distance functions in their own coordinates (y along the axis of revolution), and rays
 * against placed pieces by sphere tracing (Hart 1996).
 */
import type { Vec3 } from './vec.ts'
import { dot, normalize, sub } from './vec.ts'

export type ShapeName = 'die' | 'marble' | 'pawn' | 'draught'

export interface Shape {
  /** Radius of the ball around the origin that holds the shape. */
  readonly bound: number
  /** Half width, height and depth of the box around the origin that holds the shape. */
  readonly half: Vec3
  /** Distance to the surface, negative inside; never more than the true distance. */
  readonly distance: (x: number, y: number, z: number) => number
}

const { abs, max, min, sqrt } = Math
const length2 = (x: number, y: number) => sqrt(x * x + y * y)
const length3 = (x: number, y: number, z: number) => sqrt(x * x + y * y + z * z)

/** Union with a fillet of about radius k (Quilez, polynomial smooth minimum). */
function blend(a: number, b: number, k: number): number {
  const h = max(k - abs(a - b), 0) / k
  return min(a, b) - h * h * k * 0.25
}

/** A box of half width w and half height h around (0, cy) with corners of radius r; with x ≥ 0 a rounded disc. */
function roundedRect(x: number, y: number, cy: number, w: number, h: number, r: number): number {
  const dx = abs(x) - w + r
  const dy = abs(y - cy) - h + r
  return length2(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - r
}

/** Distance in the (radius, height) plane to a cone from radius r0 at height y0 to r1 at y1, round at both ends. */
function roundCone(x: number, y: number, y0: number, r0: number, y1: number, r1: number): number {
  const height = y1 - y0
  const slope = (r0 - r1) / height
  const cos = sqrt(1 - slope * slope)
  const k = cos * (y - y0) - slope * x
  if (k < 0) return length2(x, y - y0) - r0
  if (k > cos * height) return length2(x, y - y1) - r1
  return x * cos + (y - y0) * slope - r0
}

const DIE_EDGE = 0.24

export const SHAPES: Record<ShapeName, Shape> = {
  /** A cube of half side 1 with rounded edges. */
  die: {
    bound: sqrt(3) * (1 - DIE_EDGE) + DIE_EDGE,
    half: [1, 1, 1],
    distance: (x, y, z) => {
      const dx = abs(x) - 1 + DIE_EDGE
      const dy = abs(y) - 1 + DIE_EDGE
      const dz = abs(z) - 1 + DIE_EDGE
      return length3(max(dx, 0), max(dy, 0), max(dz, 0)) + min(max(dx, dy, dz), 0) - DIE_EDGE
    },
  },
  /** The unit ball. */
  marble: { bound: 1, half: [1, 1, 1], distance: (x, y, z) => length3(x, y, z) - 1 },
  /** A turned pawn from y = −1 to y = 1: foot, tapering body, collar, ball. */
  pawn: {
    bound: 1.1,
    half: [0.47, 1, 0.47],
    distance: (x, y, z) => {
      const r = length2(x, z)
      const foot = roundedRect(r, y, -0.89, 0.47, 0.11, 0.08)
      const body = roundCone(r, y, -0.74, 0.3, 0.42, 0.14)
      const collar = roundedRect(r, y, 0.34, 0.3, 0.05, 0.045)
      const head = length2(r, y - 0.68) - 0.32
      return blend(blend(foot, body, 0.16), blend(collar, head, 0.06), 0.08)
    },
  },
  /** A flat disc of radius 1 with a rounded rim. */
  draught: {
    bound: 1.03,
    half: [1, 0.24, 1],
    distance: (x, y, z) => roundedRect(length2(x, z), y, 0, 1, 0.24, 0.1),
  },
}

/** A shape at its place in the world. Axes are its own x, y and z directions in world coordinates. */
export interface Placed {
  readonly shape: ShapeName
  readonly centre: Vec3
  /** Centimetres per shape unit. */
  readonly size: number
  /** Radius in centimetres of the ball around the centre that holds the piece. */
  readonly radius: number
  readonly axes: readonly [Vec3, Vec3, Vec3]
}

/** World point to shape coordinates. */
export function toLocal({ centre, size, axes }: Placed, point: Vec3): Vec3 {
  const d = sub(point, centre)
  return [dot(d, axes[0]) / size, dot(d, axes[1]) / size, dot(d, axes[2]) / size]
}

const STEPS = 64
const TOUCH = 0.0015

/**
 * Distance in centimetres along a unit ray to the piece's surface; Infinity for a miss or beyond `reach`.
 * The origin must lie outside the piece.
 */
export function intersect(piece: Placed, origin: Vec3, direction: Vec3, reach = Infinity): number {
  const cx = piece.centre[0] - origin[0]
  const cy = piece.centre[1] - origin[1]
  const cz = piece.centre[2] - origin[2]
  const middle = cx * direction[0] + cy * direction[1] + cz * direction[2]
  const discriminant = middle * middle - (cx * cx + cy * cy + cz * cz) + piece.radius * piece.radius
  if (discriminant <= 0) return Infinity
  const root = sqrt(discriminant)
  if (middle + root <= 0 || middle - root > reach) return Infinity
  if (piece.shape === 'marble') return middle > root ? middle - root : Infinity

  const { half, distance } = SHAPES[piece.shape]
  // From the ball to the tighter box, then to the surface, all in shape coordinates.
  const o = toLocal(piece, origin)
  const d: Vec3 = [
    dot(direction, piece.axes[0]),
    dot(direction, piece.axes[1]),
    dot(direction, piece.axes[2]),
  ]
  let t = 0
  let end = min(middle + root, reach) / piece.size
  for (let axis = 0; axis < 3; axis++) {
    const a = (-half[axis] - o[axis]) / d[axis]
    const b = (half[axis] - o[axis]) / d[axis]
    t = max(t, min(a, b))
    end = min(end, max(a, b))
  }
  for (let step = 0; step < STEPS && t < end; step++) {
    const gap = distance(o[0] + d[0] * t, o[1] + d[1] * t, o[2] + d[2] * t)
    if (gap < TOUCH) return t * piece.size
    t += gap
  }
  return Infinity
}

/** Outward unit normal in shape coordinates at a point of the surface: the gradient by four taps on a tetrahedron. */
export function normalAt(shape: ShapeName, [x, y, z]: Vec3): Vec3 {
  const { distance } = SHAPES[shape]
  const h = 0.002
  const a = distance(x + h, y - h, z - h)
  const b = distance(x - h, y - h, z + h)
  const c = distance(x - h, y + h, z - h)
  const d = distance(x + h, y + h, z + h)
  return normalize([a - b - c + d, -a - b + c + d, -a + b - c + d])
}

/** Shape-space direction to world space. */
export function toWorld({ axes: [ax, ay, az] }: Placed, [x, y, z]: Vec3): Vec3 {
  return [
    ax[0] * x + ay[0] * y + az[0] * z,
    ax[1] * x + ay[1] * y + az[1] * z,
    ax[2] * x + ay[2] * y + az[2] * z,
  ]
}
