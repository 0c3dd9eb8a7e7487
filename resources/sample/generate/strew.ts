/** How pieces come to lie before a camera, and which of them are plain enough to stay. */
import type { Random } from '../../../src/core/random.ts'
import { annotate, type Sighting } from './annotate.ts'
import { boundsOfBall, type Camera, rayThrough } from './camera.ts'
import { between, pick } from './palette.ts'
import { footprintOf, restingPiece } from './pieces.ts'
import type { Range, Recipe } from './recipes.ts'
import { SHAPES, type ShapeName } from './shapes.ts'
import { along, dot, type Vec3 } from './vec.ts'
import { CATEGORIES, type Piece, type World } from './world.ts'

/** Share of its outline that a piece must show, and the least width and height of its box, to stay in a scene. */
export const LEAST_VISIBLE = 0.25
export const LEAST_SIDE = 8

/** The longest side in pixels: dice and marbles are about square, so all classes stay near 300 px as √area. */
const LONGEST: Record<ShapeName, number> = { die: 290, marble: 300, pawn: 500, draught: Infinity }

const TRIES = 400
const inRangeWhole = (random: Random, [low, high]: Range) => Math.floor(between(random, low, high + 1))

/** Where the ray through an image point meets the plane at a height over the table; undefined near the horizon. */
export function overTable(camera: Camera, height: number, x: number, y: number): Vec3 | undefined {
  const direction = rayThrough(camera, x, y)
  if (direction[1] > -0.02) return undefined
  return along(camera.eye, direction, (height - camera.eye[1]) / direction[1])
}

/** Whether a point keeps off the table's end. */
export const isOnTable = (edge: World['edge'], point: Vec3) => dot(point, edge.away) < edge.distance - 1.5

function isClear(piece: Piece, others: readonly Piece[]): boolean {
  return others.every((other) => {
    const apart = Math.hypot(piece.centre[0] - other.centre[0], piece.centre[2] - other.centre[2])
    return apart > footprintOf(piece) + footprintOf(other)
  })
}

/** The longer side in pixels that a piece will have, roughly; 0 when it is not before the camera. */
export function roughExtent(camera: Camera, piece: Piece): number {
  const bounds = boundsOfBall(camera, piece.centre, piece.radius)
  return bounds ? Math.max(bounds[2] - bounds[0], bounds[3] - bounds[1]) / SHAPES[piece.shape].bound : 0
}

/** Strews pieces: mostly even over the picture and a little beyond its border, some close beside another. */
export function strew(random: Random, recipe: Recipe, camera: Camera, edge: World['edge']): Piece[] {
  const pieces: Piece[] = []
  const wanted = inRangeWhole(random, recipe.pieces)
  const clutter = inRangeWhole(random, recipe.clutter)
  // Rounds through the classes from a random start keep them balanced.
  let start = 0
  for (let attempt = 0; attempt < TRIES && pieces.length < wanted + clutter; attempt++) {
    if (pieces.length === 0) start = Math.floor(random() * CATEGORIES.length)
    const shape = pieces.length < wanted ? CATEGORIES[(start + pieces.length) % CATEGORIES.length] : 'draught'
    const resting = restingPiece(random, shape)
    const neighbour = pieces.length > 0 && random() < 0.22 ? pick(random, pieces) : undefined
    const spread = pieces.length === 0 ? 0.12 : 0.54
    const height = resting.centre[1]
    const point = neighbour
      ? along(
          neighbour.centre,
          [between(random, -1, 1), 0, between(random, -1, 1)],
          footprintOf(neighbour) * 3,
        )
      : overTable(
          camera,
          height,
          camera.width * (0.5 + between(random, -spread, spread)),
          camera.height * (0.5 + between(random, -spread, spread)),
        )
    if (!point || !isOnTable(edge, point)) continue
    const piece = { ...resting, centre: [point[0], height, point[2]] as const }
    const extent = roughExtent(camera, piece)
    if (extent === 0 || !isClear(piece, pieces)) continue
    const [least, most] = pieces.length === 0 ? recipe.first : recipe.extent
    if (shape !== 'draught' && (extent < least || extent > Math.min(most, LONGEST[shape]))) continue
    pieces.push(piece)
  }
  return pieces
}

const isPlain = ({ category, box, visible }: Sighting): boolean =>
  category === undefined ||
  (box !== undefined &&
    visible >= LEAST_VISIBLE &&
    box[2] - box[0] >= LEAST_SIDE &&
    box[3] - box[1] >= LEAST_SIDE)

/** Takes away pieces too hidden, too cut off or too small to be fair, worst first, since each may have hidden others. */
export function clearHidden(camera: Camera, pieces: readonly Piece[]): Piece[] {
  const sightings = annotate({ camera, pieces })
  const poor = sightings.filter((sighting) => !isPlain(sighting))
  if (poor.length === 0) return [...pieces]
  const worst = poor.reduce((a, b) => (b.visible < a.visible ? b : a)).piece
  return clearHidden(
    camera,
    pieces.filter((piece) => piece !== worst),
  )
}
