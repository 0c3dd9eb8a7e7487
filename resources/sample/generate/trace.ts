/**
 * The light that reaches the lens along one ray: a small distribution ray tracer (Cook et al. 1984). Direct light
 * from a random point of the window, one bounce of ambient light, rough mirroring with Schlick's Fresnel term,
 * refraction through glass.
 */
import { ambientLight, BLACK, cosineLobe, type Draw, LIFT, windowLight } from './light.ts'
import { type Skin, skinOf, vaneAt } from './materials.ts'
import { ambient, radianceFrom } from './room.ts'
import { intersect, normalAt, toLocal, toWorld } from './shapes.ts'
import { tableSkin } from './tabletops.ts'
import {
  add,
  along,
  clamp,
  dot,
  luminance,
  mix,
  mul,
  normalize,
  reflect,
  refract,
  scale,
  sub,
  type Vec3,
} from './vec.ts'
import type { Piece, World } from './world.ts'

/** Dimensions of a ray's own decisions; each bounce has its own block. */
const LIGHT = 0
const BOUNCE = 2
const GLOSS = 4
const BLOCK = 6

const MAX_BOUNCES = 4
/** Mirroring weaker than this is left out. */
const FAINT = 0.012
/** Most luminance that one ray may bring to a rough surface. */
const SPARKLE = 2
const GLASS = 1.5

interface Hit {
  readonly t: number
  /** Undefined for the table. */
  readonly piece: Piece | undefined
}

function nearest(world: World, origin: Vec3, direction: Vec3, pieces: readonly Piece[]): Hit | undefined {
  let t = Infinity
  let piece: Piece | undefined
  for (const candidate of pieces) {
    const distance = intersect(candidate, origin, direction)
    if (distance < t) {
      t = distance
      piece = candidate
    }
  }
  if (direction[1] < 0) {
    const distance = -origin[1] / direction[1]
    if (distance > 0 && distance < t) {
      const point = along(origin, direction, distance)
      if (dot(point, world.edge.away) < world.edge.distance) return { t: distance, piece: undefined }
    }
  }
  return piece && { t, piece }
}

/** Light through a clear marble: the vane inside it, and what lies behind, bent twice. */
function throughGlass(
  world: World,
  piece: Piece,
  entry: Vec3,
  normal: Vec3,
  direction: Vec3,
  bounces: number,
  draw: Draw,
): Vec3 {
  const inside = refract(direction, normal, 1 / GLASS)
  const length = -2 * dot(normal, inside) * piece.size
  const exit = along(entry, inside, length)
  const toWindow = normalize(sub(world.room.window.centre, piece.centre))
  let clear = 1
  let glow: Vec3 = BLACK
  const steps = 14
  for (let step = 0; step < steps; step++) {
    const point = toLocal(piece, along(entry, inside, (length * (step + draw(BOUNCE))) / steps))
    const vane = vaneAt(point, piece.finish)
    if (vane.density === 0) continue
    const facing = clamp(0.5 + 0.6 * dot(toWorld(piece, point), toWindow), 0, 1)
    const lit = along(ambient(world.room, [0, 1, 0]), world.room.window.radiance, 0.11 * facing)
    const stopped = clear * (1 - Math.exp((-vane.density * 14) / steps))
    glow = along(glow, mul(vane.colour, lit), stopped)
    clear -= stopped
  }
  if (clear < 0.02) return glow
  const out = normalize(sub(piece.centre, exit))
  const beyond = radiance(
    world,
    along(exit, out, -LIFT),
    refract(inside, out, GLASS),
    world.pieces,
    bounces + 1,
    draw,
  )
  // A breath of the vane's colour in the glass itself.
  const tint = mix([0.93, 0.97, 0.95], piece.finish.colour, 0.12)
  return add(glow, scale(mul(beyond, tint), clear))
}

function mirrored(
  world: World,
  point: Vec3,
  normal: Vec3,
  skin: Skin,
  direction: Vec3,
  bounces: number,
  draw: Draw,
): Vec3 {
  const spread = skin.roughness * skin.roughness
  const jitter = cosineLobe(normal, draw(bounces * BLOCK + GLOSS), draw(bounces * BLOCK + GLOSS + 1))
  const microfacet = normalize(along(scale(normal, 1 - spread), jitter, spread))
  const away = reflect(direction, microfacet)
  if (dot(away, normal) <= 0) return BLACK
  const light = radiance(world, along(point, normal, LIFT), away, world.pieces, bounces + 1, draw)
  // A rough surface meets the window or a lamp too rarely for few samples: held down, or single pixels would sparkle.
  const excess = skin.roughness > 0.2 ? luminance(light) / SPARKLE : 1
  return excess > 1 ? scale(light, 1 / excess) : light
}

/** Schlick's approximation; rough surfaces mirror less at grazing angles, and those without gloss not at all. */
function fresnel(gloss: number, cos: number, roughness: number): number {
  if (gloss === 0) return 0
  const x = 1 - cos
  return gloss + (Math.max(1 - roughness, gloss) - gloss) * x * x * x * x * x
}

/** A clear marble: what its surface mirrors and what shines through it. Beyond two bounces nobody sees the mirroring. */
function shadeGlass(
  world: World,
  piece: Piece,
  point: Vec3,
  normal: Vec3,
  direction: Vec3,
  bounces: number,
  draw: Draw,
): Vec3 {
  if (bounces >= MAX_BOUNCES) return BLACK
  const through = throughGlass(world, piece, point, normal, direction, bounces, draw)
  if (bounces > 1) return through
  const polished = { albedo: BLACK, roughness: 0, gloss: 0.04, normal }
  const mirror = fresnel(polished.gloss, Math.max(0, -dot(normal, direction)), 0)
  const reflection = mirrored(world, point, normal, polished, direction, bounces, draw)
  return add(scale(through, 1 - mirror), scale(reflection, mirror))
}

/** A surface that scatters light and mirrors some. */
function shadeSkin(
  world: World,
  point: Vec3,
  skin: Skin,
  direction: Vec3,
  bounces: number,
  draw: Draw,
): Vec3 {
  const { normal } = skin
  const dimension = bounces * BLOCK
  // Seen in a mirror, the room's light needs no shadows of its own: three quarters of it stand for them.
  const ambience =
    bounces === 0
      ? ambientLight(world, point, normal, draw, dimension + BOUNCE)
      : scale(ambient(world.room, normal), 0.75)
  const light = add(windowLight(world, point, normal, draw, dimension + LIGHT), ambience)
  const scattered = mul(skin.albedo, light)
  if (bounces > 1) return scattered
  const mirror = fresnel(skin.gloss, Math.max(0, -dot(normal, direction)), skin.roughness)
  if (mirror < FAINT) return scattered
  const reflection = mirrored(world, point, normal, skin, direction, bounces, draw)
  return add(scale(scattered, 1 - mirror), scale(reflection, mirror))
}

function shade(
  world: World,
  { t, piece }: Hit,
  origin: Vec3,
  direction: Vec3,
  bounces: number,
  draw: Draw,
): Vec3 {
  const point = along(origin, direction, t)
  if (piece === undefined) {
    const footprint = t / world.camera.focal / Math.max(0.08, -direction[1])
    const skin = tableSkin(world.table, point[0], point[2], footprint)
    return shadeSkin(world, point, skin, direction, bounces, draw)
  }
  const local = toLocal(piece, point)
  const normal = normalAt(piece.shape, local)
  if (piece.finish.stuff === 'glass') {
    return shadeGlass(world, piece, point, toWorld(piece, normal), direction, bounces, draw)
  }
  const skin = skinOf(piece.shape, piece.finish, local, normal)
  return shadeSkin(world, point, { ...skin, normal: toWorld(piece, skin.normal) }, direction, bounces, draw)
}

/** Radiance (linear RGB) along a unit ray that may hit the given pieces, the table, or the room. */
export function radiance(
  world: World,
  origin: Vec3,
  direction: Vec3,
  pieces: readonly Piece[],
  bounces: number,
  draw: Draw,
): Vec3 {
  const hit = nearest(world, origin, direction, pieces)
  return hit
    ? shade(world, hit, origin, direction, bounces, draw)
    : radianceFrom(world.room, origin, direction)
}
