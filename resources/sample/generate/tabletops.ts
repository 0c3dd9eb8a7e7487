/** Table tops: colour, gloss and relief of the plane y = 0, as functions of x and z in centimetres. */
import type { Skin } from './materials.ts'
import { fbm2, noise2, unit } from './noise.ts'
import { clamp, mix, normalize, scale, smoothstep, type Vec3 } from './vec.ts'

export type TopName = 'planks' | 'felt' | 'linen' | 'concrete' | 'board'

/** A playing card lying face down: a decal, too thin to cast more than a dark line. */
export interface Card {
  readonly x: number
  readonly z: number
  readonly angle: number
  readonly ink: Vec3
}

export interface Tabletop {
  readonly top: TopName
  /** Light and dark tones of the material, linear RGB. */
  readonly light: Vec3
  readonly dark: Vec3
  /** Radians the pattern is turned about y. */
  readonly angle: number
  readonly seed: number
  readonly cards: readonly Card[]
}

const UP: Vec3 = [0, 1, 0]

/** How much of a texture detail of the given size survives when a pixel covers `footprint` centimetres of the table. */
const keep = (detail: number, footprint: number) => clamp(1.5 - footprint / detail, 0, 1)

/** Grain along z: growth rings bent by noise, fibres, and open pores. */
function grain(x: number, z: number, seed: number, footprint: number, { light, dark }: Tabletop): Vec3 {
  const bend = 1.6 * fbm2(x * 0.22, z * 0.035, 3, seed)
  const rings = 0.5 + 0.5 * Math.sin(7 * (x * 0.35 + bend))
  const streak = fbm2(x * 3.8, z * 0.14, 4, seed + 20)
  const fine = keep(0.06, footprint)
  const fibre = fine > 0 ? fine * noise2(x * 26, z * 0.9, seed + 30) : 0
  const pore = fine > 0 ? fine * smoothstep(0.55, 0.8, noise2(x * 17, z * 0.55, seed + 40)) : 0
  const t = clamp(0.34 * rings * rings + 0.5 * streak + 0.16 * fibre + 0.32, 0, 1)
  return scale(mix(light, dark, t), 1 - 0.35 * pore)
}

const PLANK = 11.5

function planks(x: number, z: number, footprint: number, table: Tabletop): Skin {
  const plank = Math.floor(x / PLANK)
  const across = x - plank * PLANK
  const own = unit(plank, 3, table.seed)
  const joint = Math.min(across, PLANK - across)
  const wood = grain(x + 40 * own, z + 300 * own, table.seed, footprint, table)
  const gap = smoothstep(0.03, 0.1 + footprint, joint)
  return {
    albedo: scale(wood, (0.82 + 0.3 * own) * (0.25 + 0.75 * gap)),
    roughness: 0.3 + 0.06 * noise2(x * 0.7, z * 0.4, table.seed + 5),
    gloss: 0.03 * gap,
    normal: UP,
  }
}

const SQUARE = 4.4

/** An inlaid games board: squares of two woods, their grain turned by a quarter. */
function board(x: number, z: number, footprint: number, table: Tabletop): Skin {
  const column = Math.floor(x / SQUARE)
  const row = Math.floor(z / SQUARE)
  const isDark = ((column + row) & 1) === 0
  const own = unit(column, row, table.seed)
  const wood = isDark
    ? scale(grain(z + 90 * own, x + 50 * own, table.seed, footprint, table), 0.36)
    : grain(x + 70 * own, z + 60 * own, table.seed + 1, footprint, table)
  const joint = Math.min(
    x - column * SQUARE,
    (column + 1) * SQUARE - x,
    z - row * SQUARE,
    (row + 1) * SQUARE - z,
  )
  const gap = smoothstep(0.01, 0.05 + footprint, joint)
  return {
    albedo: scale(wood, (0.85 + 0.25 * own) * (0.5 + 0.5 * gap)),
    roughness: 0.22,
    gloss: 0.035,
    normal: UP,
  }
}

function felt(x: number, z: number, footprint: number, { light, dark, seed }: Tabletop): Skin {
  const fine = keep(0.09, footprint)
  const nap = fbm2(x * 0.35, z * 0.35, 3, seed)
  const fibreX = fine * (fbm2(x * 20, z * 20, 3, seed + 11) + fbm2(x * 6 + 4 * nap, z * 31, 3, seed + 13))
  const fibreZ = fine * (fbm2(x * 20, z * 20, 3, seed + 21) + fbm2(x * 31, z * 6 + 4 * nap, 3, seed + 23))
  const t = clamp(0.45 + 0.5 * nap + 0.3 * fibreX, 0, 1)
  return {
    albedo: mix(light, dark, t),
    roughness: 1,
    gloss: 0,
    normal: normalize([0.5 * fibreX, 1, 0.5 * fibreZ]),
  }
}

const THREAD = 0.16

/** Plain weave: threads of uneven thickness pass over and under each other. */
function linen(x: number, z: number, footprint: number, { light, dark, seed }: Tabletop): Skin {
  const fine = keep(THREAD, footprint)
  const u = x / THREAD + 0.5 * noise2(x * 1.3, z * 0.3, seed)
  const v = z / THREAD + 0.5 * noise2(x * 0.3, z * 1.3, seed + 1)
  const warp = Math.abs(Math.sin(Math.PI * u))
  const weft = Math.abs(Math.sin(Math.PI * v))
  const over = ((Math.floor(u) + Math.floor(v)) & 1) === 0
  const height = over ? warp : weft
  const slub = 0.5 * noise2(Math.floor(u), z * 0.6, seed + 2) + 0.5 * noise2(x * 0.6, Math.floor(v), seed + 3)
  const crease = fbm2(x * 0.09, z * 0.09, 3, seed + 4)
  const t = clamp(0.35 + fine * (0.4 - 0.55 * height + 0.3 * slub) + 0.25 * crease, 0, 1)
  const tilt = 0.4 * fine * Math.cos(Math.PI * (over ? u : v)) * (warp > 0.5 ? 1 : -1)
  const wave = 0.22 * (fbm2(x * 0.13 + 0.3, z * 0.13, 2, seed + 4) - fbm2(x * 0.13, z * 0.13, 2, seed + 4))
  const normal = normalize(over ? [tilt + wave, 1, wave] : [wave, 1, tilt + wave])
  return { albedo: mix(light, dark, t), roughness: 1, gloss: 0, normal }
}

/** Small round bubbles, at most one to a cell of a square grid: 1 inside a bubble, 0 outside. */
function pitAt(x: number, z: number, seed: number): number {
  const column = Math.floor(x / PIT_GRID)
  const row = Math.floor(z / PIT_GRID)
  const radius = 0.11 * unit(column, row, seed) ** 4
  const dx = x - (column + 0.25 + 0.5 * unit(column, row, seed + 1)) * PIT_GRID
  const dz = z - (row + 0.25 + 0.5 * unit(column, row, seed + 2)) * PIT_GRID
  return smoothstep(radius, radius * 0.6, Math.sqrt(dx * dx + dz * dz))
}
const PIT_GRID = 0.55

function concrete(x: number, z: number, footprint: number, { light, dark, seed }: Tabletop): Skin {
  const cloud = fbm2(x * 0.12, z * 0.12, 5, seed)
  const fine = keep(0.12, footprint)
  const sand = fine * noise2(x * 14, z * 14, seed + 6)
  const pit = pitAt(x, z, seed + 7) * keep(0.2, footprint)
  const t = clamp(0.45 + 0.75 * cloud + 0.16 * sand, 0, 1)
  return {
    albedo: scale(mix(light, dark, t), 1 - 0.55 * pit),
    roughness: 0.5 + 0.2 * cloud,
    gloss: 0.025,
    normal: normalize([0.1 * sand, 1, 0.1 * fine * noise2(x * 14, z * 14, seed + 8)]),
  }
}

const TOPS = { planks, board, felt, linen, concrete } as const

const CARD_WIDTH = 6.3
const CARD_HEIGHT = 8.8

/** The card's back where it covers the table: white border, a lattice in one ink; and the dark line around it. */
function withCard(skin: Skin, x: number, z: number, footprint: number, card: Card): Skin {
  const cos = Math.cos(card.angle)
  const sin = Math.sin(card.angle)
  const u = cos * (x - card.x) + sin * (z - card.z)
  const v = -sin * (x - card.x) + cos * (z - card.z)
  const dx = Math.abs(u) - CARD_WIDTH / 2 + 0.35
  const dy = Math.abs(v) - CARD_HEIGHT / 2 + 0.35
  const outside = Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - 0.35
  if (outside > 0.2) return skin
  if (outside > 0) return { ...skin, albedo: scale(skin.albedo, 0.45 + 0.55 * smoothstep(0, 0.2, outside)) }
  const paper: Vec3 = [0.78, 0.76, 0.71]
  const lattice = Math.abs(Math.sin(9 * (u + v)) * Math.sin(9 * (u - v)))
  const line = 0.55 + (smoothstep(0.1, 0.5, lattice) - 0.55) * keep(0.25, footprint)
  const printed = outside < -0.4 && outside > -0.47 ? 1 : outside < -0.55 ? line : 0
  return { albedo: mix(paper, card.ink, printed), roughness: 0.35, gloss: 0.03, normal: UP }
}

/** The table at a point; `footprint` is the width in centimetres that one pixel covers there. */
export function tableSkin(table: Tabletop, x: number, z: number, footprint: number): Skin {
  const cos = Math.cos(table.angle)
  const sin = Math.sin(table.angle)
  const skin = TOPS[table.top](cos * x + sin * z, -sin * x + cos * z, footprint, table)
  return table.cards.reduce((below, card) => withCard(below, x, z, footprint, card), skin)
}
