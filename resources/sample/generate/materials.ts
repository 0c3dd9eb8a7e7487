/** What the pieces are made of: colour, gloss and fine relief at a point of the surface, in shape coordinates. */
import { fbm3, noise3 } from './noise.ts'
import type { ShapeName } from './shapes.ts'
import { along, clamp, mix, normalize, scale, smoothstep, type Vec3 } from './vec.ts'

export type Stuff = 'plastic' | 'lacquer' | 'wood' | 'glass' | 'agate'

export interface Finish {
  readonly stuff: Stuff
  readonly colour: Vec3
  /** Pips of a die, second colour of a marble, grain of wood. */
  readonly accent: Vec3
  readonly seed: number
}

/** The answer of a material at one point. */
export interface Skin {
  /** Diffuse reflectance, linear RGB. */
  readonly albedo: Vec3
  /** 0 mirrors, 1 scatters evenly. */
  readonly roughness: number
  /** Mirror reflectance at normal incidence; 0 for cloth. */
  readonly gloss: number
  /** Unit normal with fine relief, in the coordinates of the given normal. */
  readonly normal: Vec3
}

/** Pip centres on a face, in steps of the pip grid, by the number shown. */
const PIPS: readonly (readonly (readonly [number, number])[])[] = [
  [],
  [[0, 0]],
  [
    [-1, -1],
    [1, 1],
  ],
  [
    [-1, -1],
    [0, 0],
    [1, 1],
  ],
  [
    [-1, -1],
    [-1, 1],
    [1, -1],
    [1, 1],
  ],
  [
    [-1, -1],
    [-1, 1],
    [0, 0],
    [1, -1],
    [1, 1],
  ],
  [
    [-1, -1],
    [-1, 0],
    [-1, 1],
    [1, -1],
    [1, 0],
    [1, 1],
  ],
]
const PIP_PITCH = 0.48
const PIP_RADIUS = 0.185

/** Opposite faces of a die add up to seven: axis 0 carries 1 and 6, axis 1 carries 2 and 5, axis 2 carries 3 and 4. */
function dieSkin(p: Vec3, normal: Vec3, finish: Finish): Skin {
  const [x, y, z] = [Math.abs(p[0]), Math.abs(p[1]), Math.abs(p[2])]
  const axis = x > y && x > z ? 0 : y > z ? 1 : 2
  const shown = p[axis] > 0 ? axis + 1 : 6 - axis
  const [u, v] = [(axis + 1) % 3, (axis + 2) % 3]
  let albedo = finish.colour
  let bumped = normal
  for (const [i, j] of PIPS[shown]) {
    const du = p[u] - i * PIP_PITCH
    const dv = p[v] - j * PIP_PITCH
    const distance = Math.sqrt(du * du + dv * dv) / PIP_RADIUS
    if (distance > 1.15) continue
    albedo = mix(finish.accent, albedo, smoothstep(0.9, 1, distance))
    // The hollow of a pip turns the normal towards its centre, most at the rim.
    const tilt = distance < 1 ? distance * 0.9 : (0.3 * (1.15 - distance)) / 0.15
    const slope: [number, number, number] = [0, 0, 0]
    slope[u] = -du
    slope[v] = -dv
    bumped = normalize(along(normal, slope, tilt / PIP_RADIUS))
  }
  if (finish.stuff === 'wood') return { ...woodSkin(p, bumped, finish, albedo), gloss: 0.03 }
  const wear = 0.03 * fbm3(p[0] * 3, p[1] * 3, p[2] * 3, 2, finish.seed)
  return { albedo: scale(albedo, 1 + wear), roughness: 0.16, gloss: 0.045, normal: bumped }
}

/** Grain along y: stretched fibres over wide, slightly wavy growth rings. */
function woodSkin(p: Vec3, normal: Vec3, { accent, seed }: Finish, colour: Vec3): Skin {
  const bend = 0.5 * fbm3(p[0] * 1.3, p[1] * 0.6, p[2] * 1.3, 2, seed)
  const ring = 0.5 + 0.5 * Math.sin(13 * (p[0] + 0.4 * p[2] + bend))
  const fibre = noise3(p[0] * 22, p[1] * 2.2, p[2] * 22, seed + 9)
  const t = clamp(0.3 * ring + 0.28 * fibre + 0.15, 0, 1)
  return { albedo: mix(colour, mix(colour, accent, 0.75), t), roughness: 0.38, gloss: 0.035, normal }
}

function pawnSkin(p: Vec3, normal: Vec3, finish: Finish): Skin {
  if (finish.stuff === 'wood') return woodSkin(p, normal, finish, finish.colour)
  // Brush marks and turning grooves under the lacquer, and worn edges where the foot and head rub.
  const groove = 0.012 * Math.sin(p[1] * 95 + 2 * noise3(p[0] * 3, p[1] * 9, p[2] * 3, finish.seed))
  const blotch = fbm3(p[0] * 4, p[1] * 4, p[2] * 4, 3, finish.seed)
  const wear = smoothstep(0.36, 0.5, blotch + (p[1] < -0.93 ? 0.12 : 0))
  return {
    albedo: mix(scale(finish.colour, 1 + 0.12 * blotch), finish.accent, 0.55 * wear),
    roughness: 0.2 + 0.25 * wear,
    gloss: 0.045,
    normal: normalize([normal[0], normal[1] + groove, normal[2]]),
  }
}

/** Opaque glass with bands warped by noise, as in hand-made marbles. */
function agateSkin(p: Vec3, normal: Vec3, { colour, accent, seed }: Finish): Skin {
  const warp = fbm3(p[0] * 1.6, p[1] * 0.8, p[2] * 1.6, 3, seed)
  const band = Math.sin(7 * p[0] + 2.5 * p[1] + 4.5 * warp)
  return { albedo: mix(colour, accent, smoothstep(-0.15, 0.4, band)), roughness: 0.06, gloss: 0.05, normal }
}

function draughtSkin(p: Vec3, normal: Vec3, finish: Finish): Skin {
  const radius = Math.sqrt(p[0] * p[0] + p[2] * p[2])
  const groove = Math.cos((radius - 0.5) * 42) * (radius > 0.42 && radius < 0.88 ? 0.22 : 0)
  const outward: Vec3 = [p[0] / (radius + 1e-6), 0, p[2] / (radius + 1e-6)]
  // Discs are cut across the trunk's length: the fibre runs along x.
  const skin = woodSkin([p[1], p[0], p[2]], normal, finish, finish.colour)
  return { ...skin, normal: normalize(along(skin.normal, outward, groove * Math.abs(normal[1]))) }
}

/** Colour and gloss of a piece; clear glass is not a skin and is traced through instead. */
export function skinOf(shape: ShapeName, finish: Finish, p: Vec3, normal: Vec3): Skin {
  switch (shape) {
    case 'die':
      return dieSkin(p, normal, finish)
    case 'pawn':
      return pawnSkin(p, normal, finish)
    case 'marble':
      return agateSkin(p, normal, finish)
    case 'draught':
      return draughtSkin(p, normal, finish)
  }
}

/** Thickness of the coloured vane of a cat's-eye marble at a point inside it, 0 (clear) to 1 (opaque), and its colour. */
export function vaneAt([x, y, z]: Vec3, { colour, accent, seed }: Finish): { density: number; colour: Vec3 } {
  const turn = 2.6 * y + (seed % 7)
  const radius = Math.sqrt(x * x + z * z)
  const reach = 0.72 * Math.sqrt(Math.max(0, 1 - y * y * 1.15))
  const angle = Math.atan2(z, x) + turn
  // Three petals; their edges thin out towards the rim.
  const across = Math.abs(Math.sin(1.5 * angle)) * radius
  const density = smoothstep(0.1, 0.03, across) * smoothstep(reach, reach - 0.15, radius)
  return {
    density,
    colour: mix(colour, accent, smoothstep(-0.5, 0, Math.cos(angle)) * smoothstep(0.1, 0.6, radius)),
  }
}
