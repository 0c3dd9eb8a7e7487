/** The stock of the games table: what pieces, tops and rooms are drawn from. Colours are linear RGB. */
import type { Random } from '../../../src/core/random.ts'
import type { Finish } from './materials.ts'
import type { Lamp, Room } from './room.ts'
import type { ShapeName } from './shapes.ts'
import type { Card, Tabletop, TopName } from './tabletops.ts'
import { cross, normalize, scale, type Vec3 } from './vec.ts'

export const between = (random: Random, low: number, high: number): number => low + (high - low) * random()
export const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)]
const seedFrom = (random: Random) => Math.floor(random() * 1e6)

type Paint = readonly [stuff: Finish['stuff'], colour: Vec3, accent: Vec3]

const INK: Vec3 = [0.012, 0.012, 0.014]
const IVORY: Vec3 = [0.72, 0.66, 0.52]

/** Each class comes in colours that the others have too, so that shape and surface must tell them apart. */
const PAINTS: Record<ShapeName, readonly Paint[]> = {
  die: [
    ['plastic', [0.78, 0.77, 0.73], INK],
    ['plastic', IVORY, INK],
    ['plastic', [0.76, 0.75, 0.7], [0.5, 0.02, 0.02]],
    ['plastic', [0.5, 0.018, 0.02], [0.75, 0.74, 0.7]],
    ['plastic', [0.015, 0.07, 0.3], [0.75, 0.74, 0.7]],
    ['plastic', [0.02, 0.02, 0.022], [0.75, 0.74, 0.7]],
    ['plastic', [0.02, 0.2, 0.09], [0.75, 0.74, 0.7]],
    ['plastic', [0.62, 0.36, 0.02], INK],
    ['wood', [0.55, 0.35, 0.17], [0.26, 0.12, 0.05]],
  ],
  marble: [
    ['glass', [0.02, 0.16, 0.62], [0.7, 0.7, 0.68]],
    ['glass', [0.65, 0.2, 0.01], [0.7, 0.55, 0.04]],
    ['glass', [0.02, 0.35, 0.08], [0.75, 0.65, 0.06]],
    ['glass', [0.6, 0.02, 0.03], [0.72, 0.72, 0.68]],
    ['glass', [0.0, 0.3, 0.36], [0.02, 0.07, 0.42]],
    ['agate', [0.6, 0.12, 0.02], [0.72, 0.66, 0.52]],
    ['agate', [0.02, 0.1, 0.36], [0.5, 0.62, 0.7]],
    ['agate', [0.02, 0.2, 0.07], [0.6, 0.6, 0.3]],
    ['agate', [0.36, 0.02, 0.03], [0.04, 0.015, 0.012]],
    ['agate', [0.16, 0.05, 0.26], [0.66, 0.62, 0.68]],
    ['agate', [0.05, 0.05, 0.055], [0.5, 0.48, 0.44]],
  ],
  pawn: [
    ['lacquer', [0.52, 0.02, 0.018], [0.6, 0.4, 0.2]],
    ['lacquer', [0.015, 0.09, 0.36], [0.55, 0.4, 0.22]],
    ['lacquer', [0.68, 0.4, 0.015], [0.6, 0.42, 0.22]],
    ['lacquer', [0.015, 0.18, 0.06], [0.55, 0.4, 0.22]],
    ['lacquer', [0.025, 0.022, 0.02], [0.3, 0.18, 0.09]],
    ['lacquer', [0.7, 0.66, 0.56], [0.6, 0.42, 0.22]],
    ['wood', [0.58, 0.36, 0.17], [0.3, 0.13, 0.05]],
    ['wood', [0.16, 0.07, 0.03], [0.05, 0.02, 0.01]],
  ],
  draught: [
    ['wood', [0.6, 0.42, 0.23], [0.36, 0.19, 0.08]],
    ['wood', [0.045, 0.025, 0.018], [0.015, 0.01, 0.008]],
  ],
}

export function randomFinish(random: Random, shape: ShapeName): Finish {
  const [stuff, colour, accent] = pick(random, PAINTS[shape])
  return { stuff, colour: scale(colour, between(random, 0.85, 1.1)), accent, seed: seedFrom(random) }
}

/** Light and dark tones of each top's varieties. */
const TONES: Record<TopName, readonly (readonly [Vec3, Vec3])[]> = {
  planks: [
    [
      [0.46, 0.28, 0.14],
      [0.2, 0.098, 0.04],
    ],
    [
      [0.19, 0.096, 0.048],
      [0.065, 0.03, 0.015],
    ],
    [
      [0.56, 0.42, 0.27],
      [0.34, 0.21, 0.11],
    ],
    [
      [0.3, 0.25, 0.2],
      [0.13, 0.1, 0.08],
    ],
  ],
  board: [
    [
      [0.58, 0.4, 0.22],
      [0.36, 0.21, 0.1],
    ],
    [
      [0.5, 0.3, 0.15],
      [0.28, 0.13, 0.06],
    ],
  ],
  felt: [
    [
      [0.03, 0.15, 0.075],
      [0.012, 0.075, 0.036],
    ],
    [
      [0.03, 0.07, 0.16],
      [0.014, 0.034, 0.085],
    ],
    [
      [0.2, 0.025, 0.035],
      [0.1, 0.01, 0.016],
    ],
    [
      [0.12, 0.115, 0.11],
      [0.06, 0.058, 0.056],
    ],
  ],
  linen: [
    [
      [0.62, 0.56, 0.46],
      [0.36, 0.31, 0.24],
    ],
    [
      [0.42, 0.45, 0.47],
      [0.22, 0.24, 0.26],
    ],
    [
      [0.16, 0.2, 0.27],
      [0.07, 0.09, 0.13],
    ],
  ],
  concrete: [
    [
      [0.42, 0.41, 0.39],
      [0.24, 0.235, 0.23],
    ],
    [
      [0.13, 0.135, 0.145],
      [0.06, 0.063, 0.07],
    ],
  ],
}

/** Tops by how often they come up. */
const TOPS: readonly TopName[] = ['planks', 'planks', 'planks', 'felt', 'linen', 'concrete', 'board']

export function randomTable(random: Random, cards: readonly Card[]): Tabletop {
  const top = pick(random, TOPS)
  const [light, dark] = pick(random, TONES[top])
  return { top, light, dark, angle: between(random, 0, 2 * Math.PI), seed: seedFrom(random), cards }
}

export function randomCard(random: Random, x: number, z: number): Card {
  const ink = pick(random, [
    [0.4, 0.02, 0.03],
    [0.02, 0.06, 0.3],
    [0.03, 0.03, 0.04],
  ] as const)
  return { x, z, angle: between(random, 0, Math.PI), ink }
}

/** A room around a camera that looks towards −z: the window never stands straight behind the camera, where it would light flat. */
export function randomRoom(random: Random): Room {
  const azimuth = (random() < 0.5 ? -1 : 1) * between(random, 0.8, 2.5)
  const elevation = between(random, 0.42, 0.85)
  const distance = between(random, 75, 120)
  const out: Vec3 = [
    Math.sin(azimuth) * Math.cos(elevation),
    Math.sin(elevation),
    Math.cos(azimuth) * Math.cos(elevation),
  ]
  const across = normalize(cross([0, 1, 0], out))
  // Windows stand upright, whatever the direction the light comes from.
  const normal = normalize([-out[0], 0, -out[2]])
  const halfWidth = between(random, 20, 42)
  const daylight = between(random, 0.88, 1.2)
  const power = between(random, 9, 15) * (1400 / halfWidth ** 2 + 0.4)
  const warm = between(random, 0.75, 1)
  const dim = between(random, 0.2, 0.42)
  const tint: Vec3 = [1, 0.5 + 0.5 * warm, warm * warm * 0.95]
  const lamps: Lamp[] = Array.from({ length: Math.floor(between(random, 0, 7)) }, () => ({
    direction: normalize([between(random, -0.8, 0.8), between(random, -0.05, 0.28), -1]),
    cos: Math.cos(between(random, 0.012, 0.045)),
    radiance: scale([1, 0.72, 0.42], between(random, 0.8, 3)),
  }))
  return {
    window: {
      centre: scale(out, distance),
      u: scale(across, halfWidth),
      v: [0, halfWidth * between(random, 1, 1.35), 0],
      normal,
      radiance: scale([1, daylight ** 0.3, daylight], power),
      panes: [pick(random, [1, 2]), pick(random, [2, 3])],
    },
    ceiling: scale(tint, dim * 1.25),
    wall: scale(tint, dim * 0.8),
    floor: scale([0.9, 0.62, 0.4], dim * 0.6),
    lamps,
  }
}
