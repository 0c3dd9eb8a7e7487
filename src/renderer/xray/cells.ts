/**
 * Locations on the image. A location is drawn as a cell around it whose size is the spacing of the locations. With the
 * corner rule, the cell lies half a stride to the top left of the pixels that its feature covers.
 */
import type { GridLevelName, Level, Pyramid } from '../../core/pyramid/levels.ts'

export interface Scale {
  readonly x: number
  readonly y: number
}

/** A level's grid in image pixels. */
export interface Grid {
  /** The left and top edge of the first cell. */
  readonly x: number
  readonly y: number
  /** The size of a cell. */
  readonly width: number
  readonly height: number
}

/** @param scale pixels of the image per pixel of the network's input */
export function gridOf({ offset, spacing }: Pick<Level, 'offset' | 'spacing'>, scale: Scale): Grid {
  return {
    x: (offset.x - spacing.x / 2) * scale.x,
    y: (offset.y - spacing.y / 2) * scale.y,
    width: spacing.x * scale.x,
    height: spacing.y * scale.y,
  }
}

/** Index of the location whose cell holds a point of the image; undefined outside the level's grid. */
export function locationAtPoint(
  level: Level,
  scale: Scale,
  point: { readonly x: number; readonly y: number },
): number | undefined {
  const { x, y, width, height } = gridOf(level, scale)
  const column = Math.floor((point.x - x) / width)
  const row = Math.floor((point.y - y) / height)
  if (column < 0 || row < 0 || column >= level.columns || row >= level.rows) return undefined
  return level.first + row * level.columns + column
}

/** The shown levels, the coarsest first, in drawing order. */
export const levelsToDraw = ({ levels }: Pyramid, shown: GridLevelName | null): readonly Level[] =>
  levels.filter(({ name }) => shown === null || name === shown).toReversed()
