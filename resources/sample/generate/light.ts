/** The light that falls on a surface: straight from the window, and all the rest. */
import { ambient } from './room.ts'
import { intersect } from './shapes.ts'
import { add, along, dot, mix, mul, scale, smoothstep, sub, tangents, type Vec3 } from './vec.ts'
import type { World } from './world.ts'

/** Uniform deviates in [0, 1): each dimension is one well spread sequence over the samples of a pixel. */
export type Draw = (dimension: number) => number

/** Reach of ambient shadowing and colour bleeding, centimetres. */
const NEAR = 9
/** Rays start this far off their surface, centimetres, so that they don't meet it again. */
export const LIFT = 0.004
export const BLACK: Vec3 = [0, 0, 0]

/** Share of the window's light that passes the pieces, by colour. Glass tints it and gathers it behind its middle. */
function passing(world: World, origin: Vec3, direction: Vec3): Vec3 {
  let light: Vec3 = [1, 1, 1]
  for (const piece of world.pieces) {
    if (intersect(piece, origin, direction) === Infinity) continue
    if (piece.finish.stuff !== 'glass') return BLACK
    const d = sub(piece.centre, origin)
    const ahead = dot(d, direction)
    const aside = Math.sqrt(Math.max(0, dot(d, d) - ahead * ahead)) / piece.size
    const gathered = 0.25 + 2.1 * smoothstep(0.55, 0, aside)
    light = mul(light, scale(mix([1, 1, 1], piece.finish.colour, 0.55), gathered))
  }
  return light
}

/** Light from the window that a surface scatters, over its albedo. */
export function windowLight(world: World, point: Vec3, normal: Vec3, draw: Draw, dimension: number): Vec3 {
  const { centre, u, v, normal: facing, radiance } = world.room.window
  const target = along(along(centre, u, 2 * draw(dimension) - 1), v, 2 * draw(dimension + 1) - 1)
  const d = sub(target, point)
  const squared = dot(d, d)
  const direction = scale(d, 1 / Math.sqrt(squared))
  const cos = dot(normal, direction)
  const cosAtWindow = -dot(facing, direction)
  if (cos <= 0 || cosAtWindow <= 0) return BLACK
  const area = 4 * Math.sqrt(dot(u, u) * dot(v, v))
  const light = passing(world, along(point, normal, LIFT), direction)
  return scale(mul(radiance, light), (cos * cosAtWindow * area) / (Math.PI * squared))
}

/** A direction around the normal with density cos / π. */
export function cosineLobe(normal: Vec3, a: number, b: number): Vec3 {
  const [u, v] = tangents(normal)
  const radius = Math.sqrt(a)
  const angle = 2 * Math.PI * b
  return add(
    scale(normal, Math.sqrt(1 - a)),
    along(scale(u, radius * Math.cos(angle)), v, radius * Math.sin(angle)),
  )
}

/** Ambient light at a surface: the room's, or what a close neighbour in a random direction gives back of it. */
export function ambientLight(world: World, point: Vec3, normal: Vec3, draw: Draw, dimension: number): Vec3 {
  const open = ambient(world.room, normal)
  const direction = cosineLobe(normal, draw(dimension), draw(dimension + 1))
  const origin = along(point, normal, LIFT)
  for (const piece of world.pieces) {
    if (intersect(piece, origin, direction, NEAR) < NEAR) return scale(mul(open, piece.finish.colour), 0.5)
  }
  if (direction[1] >= 0) return open
  const distance = -origin[1] / direction[1]
  const { light, dark } = world.table
  // The table is lit too: its mean colour rises from contact shadow to full light within a few centimetres.
  return scale(
    mul(mix(light, dark, 0.4), ambient(world.room, [0, 1, 0])),
    0.4 + 1.3 * smoothstep(0, 3, distance),
  )
}
