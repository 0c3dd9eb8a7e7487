/** The light of the room: one window (the key light, with bars), and the dim walls, floor and lamps around. */
import { clamp, dot, mix, scale, smoothstep, sub, type Vec3 } from './vec.ts'

/** A rectangle centre ± u ± v that shines to the side of its normal; lengths in centimetres. */
export interface Window {
  readonly centre: Vec3
  readonly u: Vec3
  readonly v: Vec3
  readonly normal: Vec3
  readonly radiance: Vec3
  /** Panes across and up. */
  readonly panes: readonly [number, number]
}

/** A distant lamp, seen as a soft disc. */
export interface Lamp {
  readonly direction: Vec3
  /** Cosine of the disc's half angle. */
  readonly cos: number
  readonly radiance: Vec3
}

export interface Room {
  readonly window: Window
  readonly ceiling: Vec3
  readonly wall: Vec3
  readonly floor: Vec3
  readonly lamps: readonly Lamp[]
}

/** Half the width of a window bar as a share of the pane. */
const BAR = 0.045

function windowAlong(
  { centre, u, v, normal, radiance, panes }: Window,
  origin: Vec3,
  direction: Vec3,
): Vec3 | undefined {
  const facing = dot(direction, normal)
  if (facing >= 0) return undefined
  const t = dot(sub(centre, origin), normal) / facing
  if (t <= 0) return undefined
  const dx = origin[0] + direction[0] * t - centre[0]
  const dy = origin[1] + direction[1] * t - centre[1]
  const dz = origin[2] + direction[2] * t - centre[2]
  const a = 0.5 + (dx * u[0] + dy * u[1] + dz * u[2]) / (2 * dot(u, u))
  const b = 0.5 + (dx * v[0] + dy * v[1] + dz * v[2]) / (2 * dot(v, v))
  if (a < 0 || a > 1 || b < 0 || b > 1) return undefined
  const fromBar = (x: number) => Math.abs(x - Math.round(x))
  if (fromBar(a * panes[0]) < BAR || fromBar(b * panes[1]) < BAR) return scale(radiance, 0.06)
  // Brighter sky above than the houses below.
  return scale(radiance, 0.55 + 0.9 * b)
}

/** Radiance that arrives from a direction when nothing on the table is in the way. */
export function radianceFrom(room: Room, origin: Vec3, direction: Vec3): Vec3 {
  const sky = windowAlong(room.window, origin, direction)
  if (sky) return sky
  const up = direction[1]
  // Furniture: broad soft shapes along the walls.
  const azimuth = Math.atan2(direction[2], direction[0])
  const shapes =
    0.5 * Math.sin(3 * azimuth + 1) * Math.sin(7 * azimuth) + 0.25 * Math.sin(13 * azimuth + 9 * up)
  const wall = scale(room.wall, 1 + 0.9 * shapes * smoothstep(0.5, 0, Math.abs(up)))
  const around =
    up > 0
      ? mix(wall, room.ceiling, smoothstep(0.15, 0.9, up))
      : mix(wall, room.floor, smoothstep(0, -0.35, up))
  let [r, g, b] = around
  for (const lamp of room.lamps) {
    const k = smoothstep(lamp.cos - (1 - lamp.cos) * 0.25, lamp.cos, dot(direction, lamp.direction))
    r += lamp.radiance[0] * k
    g += lamp.radiance[1] * k
    b += lamp.radiance[2] * k
  }
  return [r, g, b]
}

/** Irradiance divided by π from all but the window, on an unshadowed surface with this normal. */
export const ambient = (room: Room, normal: Vec3): Vec3 =>
  mix(mix(room.floor, room.wall, 0.4), mix(room.ceiling, room.wall, 0.4), clamp(0.5 + 0.5 * normal[1], 0, 1))
