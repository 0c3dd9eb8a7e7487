/**
 * RetinaNet's anchors (Lin et al. 2017, section 4) as torchvision lays them out: nine boxes around each location, three aspects
 * of three sizes. Anchors are in order of level, row, column, aspect, size; A = 9·L in all.
 */
import type { Pyramid } from '../../pyramid/levels.ts'

/** Anchors per location. */
export const ANCHORS_PER_LOCATION = 9

/** Half width and half height in pixels; an anchor lies around its location. */
export interface Anchor {
  readonly halfWidth: number
  readonly halfHeight: number
}

const SCALES = [1, 2 ** (1 / 3), 2 ** (2 / 3)]
/** Height to width. */
const ASPECTS = [0.5, 1, 2]
/** Side of a level's smallest square anchor, in strides. */
const ANCHOR_STRIDES = 4

const known = new Map<number, readonly Anchor[]>()

/** The nine anchors of a level; sides are cut to whole pixels before, and halves rounded after the aspect is applied. */
export function anchorsOf(stride: number): readonly Anchor[] {
  const shapes = known.get(stride) ?? shapesOf(stride)
  known.set(stride, shapes)
  return shapes
}

function shapesOf(stride: number): Anchor[] {
  return ASPECTS.flatMap((aspect) =>
    SCALES.map((scale) => {
      const side = Math.floor(ANCHOR_STRIDES * stride * scale)
      const heightRatio = Math.fround(Math.sqrt(aspect))
      const widthRatio = Math.fround(1 / heightRatio)
      return {
        halfWidth: roundHalfToEven(Math.fround(widthRatio * side) / 2),
        halfHeight: roundHalfToEven(Math.fround(heightRatio * side) / 2),
      }
    }),
  )
}

function roundHalfToEven(value: number): number {
  const rounded = Math.round(value)
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded
}

/** All anchors: [A·4] x1, y1, x2, y2 in pixels of the input. The pyramid is one with `corner` locations. */
export function anchorBoxes({ levels, locations }: Pyramid): Float32Array {
  const boxes = new Float32Array(locations * ANCHORS_PER_LOCATION * 4)
  let at = 0
  for (const { stride, rows, columns, offset, spacing } of levels) {
    const shapes = anchorsOf(stride)
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const x = offset.x + column * spacing.x
        const y = offset.y + row * spacing.y
        for (const { halfWidth, halfHeight } of shapes) {
          boxes[at++] = x - halfWidth
          boxes[at++] = y - halfHeight
          boxes[at++] = x + halfWidth
          boxes[at++] = y + halfHeight
        }
      }
    }
  }
  return boxes
}
