/** A thin-lens camera. Image coordinates: x right, y down, pixel k covers [k, k+1). */
import { add, along, cross, dot, normalize, scale, sub, type Vec3 } from './vec.ts'

export interface Camera {
  readonly width: number
  readonly height: number
  readonly eye: Vec3
  readonly right: Vec3
  readonly up: Vec3
  readonly forward: Vec3
  /** Focal length in pixels. */
  readonly focal: number
  /** Radius of the lens and distance of the sharp plane, centimetres. */
  readonly lens: number
  readonly focus: number
}

/** The frame of a level camera at `eye` that looks at `target`, turned about its own axis by `roll` radians. */
export function look(eye: Vec3, target: Vec3, roll: number): Pick<Camera, 'right' | 'up' | 'forward'> {
  const forward = normalize(sub(target, eye))
  const level = normalize(cross(forward, [0, 1, 0]))
  const raised = cross(level, forward)
  return {
    forward,
    right: add(scale(level, Math.cos(roll)), scale(raised, Math.sin(roll))),
    up: add(scale(raised, Math.cos(roll)), scale(level, -Math.sin(roll))),
  }
}

/** Unit direction from the lens centre through an image point. */
export function rayThrough(camera: Camera, x: number, y: number): Vec3 {
  const u = (x - camera.width / 2) / camera.focal
  const v = (camera.height / 2 - y) / camera.focal
  return normalize(add(camera.forward, along(scale(camera.right, u), camera.up, v)))
}

/** The point's distance along the optical axis, centimetres. */
export const depthOf = (camera: Camera, point: Vec3): number => dot(sub(point, camera.eye), camera.forward)

/** Diameter in pixels of the disc that the lens makes of a point at a depth. */
export const blurOf = (camera: Camera, depth: number): number =>
  2 * camera.lens * camera.focal * Math.abs(1 / depth - 1 / camera.focus)

/** Image bounds [x1, y1, x2, y2] of a ball; undefined unless it lies wholly in front of the lens. */
export function boundsOfBall(
  camera: Camera,
  centre: Vec3,
  radius: number,
): readonly [number, number, number, number] | undefined {
  const d = sub(centre, camera.eye)
  const z = dot(d, camera.forward)
  if (z <= radius) return undefined
  // The tangents from the eye to the ball's shadow on the (axis, forward) plane.
  const span = (offset: number): [number, number] => {
    const middle = Math.atan2(offset, z)
    const half = Math.asin(radius / Math.hypot(offset, z))
    return [camera.focal * Math.tan(middle - half), camera.focal * Math.tan(middle + half)]
  }
  const [left, right] = span(dot(d, camera.right))
  const [bottom, top] = span(dot(d, camera.up))
  return [
    camera.width / 2 + left,
    camera.height / 2 - top,
    camera.width / 2 + right,
    camera.height / 2 - bottom,
  ]
}
