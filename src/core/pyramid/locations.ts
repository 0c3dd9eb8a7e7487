import type { Level, Pyramid } from './levels.ts'

/** One location: a cell of a level and the pixel it stands for. */
export interface Location {
  readonly index: number
  readonly level: Level
  readonly column: number
  readonly row: number
  /** Pixels of the network's input. */
  readonly x: number
  readonly y: number
}

/** The location of the given index in 0 … L − 1. */
export function locationAt({ levels }: Pyramid, index: number): Location {
  const level = levels.findLast(({ first }) => first <= index)!
  const column = (index - level.first) % level.columns
  const row = Math.floor((index - level.first) / level.columns)
  return {
    index,
    level,
    column,
    row,
    x: level.offset.x + column * level.spacing.x,
    y: level.offset.y + row * level.spacing.y,
  }
}

/** Positions of all locations: [L·2] as x, y in pixels of the network's input. */
export function locationPoints({ levels, locations }: Pyramid): Float32Array {
  const points = new Float32Array(locations * 2)
  let at = 0
  for (const { rows, columns, offset, spacing } of levels) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        points[at++] = offset.x + column * spacing.x
        points[at++] = offset.y + row * spacing.y
      }
    }
  }
  return points
}

/** Index into Pyramid.levels of every location: [L]. */
export function locationLevels({ levels, locations }: Pyramid): Int32Array<ArrayBuffer> {
  const indices = new Int32Array(locations)
  for (const [i, { first, rows, columns }] of levels.entries()) indices.fill(i, first, first + rows * columns)
  return indices
}
