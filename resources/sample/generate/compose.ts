/** The sample's scenes, each drawn from the seed and its number alone. */
import { fnv1a, mulberry32, type Random } from '../../../src/core/random.ts'
import { blurOf, type Camera, depthOf, look } from './camera.ts'
import { between, pick, randomCard, randomRoom, randomTable } from './palette.ts'
import { type Recipe, recipeOf } from './recipes.ts'
import { clearHidden, isOnTable, overTable, roughExtent, strew } from './strew.ts'
import type { Card } from './tabletops.ts'
import type { Vec3 } from './vec.ts'
import { categoryOf, type Piece, type World } from './world.ts'

/** The seed of the pictures in this folder. */
export const SEED = 1

const FORMATS = [
  [640, 480],
  [640, 480],
  [640, 426],
  [480, 640],
  [512, 512],
] as const

/** A camera aimed at the table near the world's origin, still without aperture. */
function frame(random: Random, recipe: Recipe, [width, height]: readonly [number, number]): Camera {
  const pitch = (between(random, ...recipe.pitch) * Math.PI) / 180
  const focal = between(random, 1.05, 1.75) * Math.max(width, height)
  const distance = focal / between(random, ...recipe.scale)
  const target: Vec3 = [0, 0.9, 0]
  const eye: Vec3 = [0, 0.9 + distance * Math.sin(pitch), distance * Math.cos(pitch)]
  const roll = between(random, -0.05, 0.05)
  return { width, height, focal, eye, ...look(eye, target, roll), lens: 0, focus: distance }
}

/** Focuses on the piece in the middle of the picture and opens the lens, but never so far that another dissolves. */
function focusOn(random: Random, camera: Camera, pieces: readonly Piece[]): Camera {
  const openness = between(random, 0.006, 0.022)
  const subjects = pieces.filter(categoryOf)
  if (subjects.length === 0) return { ...camera, lens: camera.focus * openness }
  const focused = { ...camera, lens: 1, focus: depthOf(camera, subjects[0].centre) - 0.5 * subjects[0].size }
  const tolerated = subjects.map(
    (piece) => (1 + 0.07 * roughExtent(camera, piece)) / blurOf(focused, depthOf(camera, piece.centre)),
  )
  return { ...focused, lens: Math.min(focused.focus * openness, ...tolerated) }
}

/** The scene of a number from 0; the same seed and number give the same scene. */
export function compose(seed: number, index: number): World {
  const random = mulberry32(fnv1a(`${seed}/${index}`))
  const recipe = recipeOf(index)
  const framed = frame(random, recipe, pick(random, FORMATS))
  const slant = between(random, -0.5, 0.5)
  const edge = { away: [Math.sin(slant), 0, -Math.cos(slant)] as const, distance: between(random, 45, 130) }
  const pieces = clearHidden(framed, strew(random, recipe, framed, edge))
  const cards: Card[] = []
  if (random() < 0.2) {
    const point = overTable(framed, 0, framed.width * random(), framed.height * between(random, 0.3, 1))
    if (point && isOnTable(edge, point)) cards.push(randomCard(random, point[0], point[2]))
  }
  return {
    camera: focusOn(random, framed, pieces),
    pieces,
    table: randomTable(random, cards),
    edge,
    room: randomRoom(random),
    film: {
      exposure: between(random, -0.35, 0.45),
      whiteBalance: [between(random, 0.94, 1.08), between(random, 0.92, 1.06)],
      grain: between(random, 1.2, 4.2),
      vignette: between(random, 0.1, 0.4),
    },
    seed: Math.floor(random() * 4294967296),
  }
}
