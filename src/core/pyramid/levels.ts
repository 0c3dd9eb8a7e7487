/**
 * The feature pyramid P3 to P7 over one input, and where its locations lie.
 *
 * L locations in all: levels in order, each row-major. A location's position is in pixels of the network's input,
 * whose corner is (0, 0); location (column, row) of a level lies at (offset.x + column·spacing.x, offset.y + row·spacing.y).
 */

import { z } from 'zod'
import type { Size } from '../geometry/box.ts'

/** Strides of P3 to P7 (FCOS section 3.2). */
export const STRIDES = [8, 16, 32, 64, 128] as const
export const LevelName = z.enum(['P3', 'P4', 'P5', 'P6', 'P7'])
export type LevelName = z.infer<typeof LevelName>
export const LEVEL_NAMES = LevelName.options
/** P2: the one level, of stride 4, of detectors without a pyramid. */
export const GridLevelName = z.enum(['P2', ...LEVEL_NAMES])
export type GridLevelName = z.infer<typeof GridLevelName>

/** Where locations lie. half-stride: floor(s/2) + k·s (FCOS's authors). corner: k·floor(padded size / feature size) (torchvision). */
export const LocationRule = z.enum(['half-stride', 'corner'])
export type LocationRule = z.infer<typeof LocationRule>

export interface Axes {
  readonly x: number
  readonly y: number
}

export interface Level {
  readonly name: GridLevelName
  /** Nominal: scales distances and center sampling, and equals the spacing unless the corner rule says otherwise. */
  readonly stride: number
  /** Cells of the feature map. */
  readonly columns: number
  readonly rows: number
  /** Index of the level's first location among all L. */
  readonly first: number
  readonly spacing: Axes
  readonly offset: Axes
}

export interface Pyramid {
  /** The input as the network sees it, padding included. */
  readonly input: Size
  readonly levels: readonly Level[]
  /** L, over all levels. */
  readonly locations: number
}

/**
 * The pyramid over an input of the given size (padding included; any size from 1×1 on).
 * P3 to P5 have ceil(size / stride) cells per axis; P6 and P7 halve the level before, rounding up.
 *
 * The corner rule spaces locations floor(size / cells) apart, as torchvision's anchor generator does: where the size
 * is no multiple of 128 the locations of P6 and P7 lie closer together than their stride (800 px: 61 and 114).
 */
export function pyramid(input: Size, location: LocationRule): Pyramid {
  const levels: Level[] = []
  let columns = 0
  let rows = 0
  let first = 0
  for (const [i, stride] of STRIDES.entries()) {
    columns = Math.ceil(i < 3 ? input.width / stride : columns / 2)
    rows = Math.ceil(i < 3 ? input.height / stride : rows / 2)
    const half = { x: stride / 2, y: stride / 2 }
    levels.push({
      name: LEVEL_NAMES[i],
      stride,
      columns,
      rows,
      first,
      spacing:
        location === 'half-stride'
          ? { x: stride, y: stride }
          : { x: Math.floor(input.width / columns), y: Math.floor(input.height / rows) },
      offset: location === 'half-stride' ? half : { x: 0, y: 0 },
    })
    first += columns * rows
  }
  return { input, levels, locations: first }
}
