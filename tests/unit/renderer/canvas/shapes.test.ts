import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Shape } from '../../../../src/core/geometry/shape.ts'
import type { CanvasShape } from '../../../../src/renderer/canvas/editing.ts'
import { ShapeIndex } from '../../../../src/renderer/canvas/geometry/shape-index.ts'
import { kindOf } from '../../../../src/renderer/canvas/shapes/kind-of.ts'
import type { Placement } from '../../../../src/renderer/canvas/shapes/shape-kind.ts'
import { SelectTool } from '../../../../src/renderer/canvas/tools/select.ts'
import { Board, canvasBox, Hand } from '../../../support/canvas/hand.ts'

/** An L in a box of 40 × 40, without its upper right quarter; and a second part. */
const L = [20, 20, 40, 20, 40, 40, 60, 40, 60, 60, 20, 60]
const polygon = canvasBox(1, [20, 20, 60, 60], { segmentation: [L], area: 1200 })
/** Pixels around a hole, in an image of 200 × 100. */
const ring = canvasBox(2, [100, 20, 103, 23], {
  segmentation: { size: [100, 200], counts: [10020, 3, 97, 1, 1, 1, 97, 3, 20000 - 10223] },
  area: 8,
})

describe('a polygon', () => {
  test('is hit inside and on its outline, not in the empty corner of its box', () => {
    const { hit } = kindOf(polygon)
    expect(hit(polygon, { x: 30, y: 30 }, 0)).toBe(true)
    expect(hit(polygon, { x: 55, y: 25 }, 3)).toBe(false)
    expect(hit(polygon, { x: 42, y: 30 }, 3)).toBe(true)
    expect(hit(polygon, { x: 17.5, y: 30 }, 3)).toBe(true)
    expect(hit(polygon, { x: 16, y: 30 }, 3)).toBe(false)
  })

  test('is found by its outline where that leaves its box, and taken by its own area', () => {
    const outside = { ...polygon, box: [20, 20, 30, 30] as const }
    const inside = canvasBox(3, [20, 20, 55, 55])
    const index = new ShapeIndex([outside, inside])
    expect(index.stackAt({ x: 58, y: 58 }, 1).map(({ id }) => id)).toEqual([1])
    expect(index.stackAt({ x: 25, y: 50 }, 1).map(({ id }) => id)).toEqual([1, 3])
  })

  test('is drawn where its box is at this moment', () => {
    let placed: Placement | undefined
    const sight = { view: { scale: 2, x: 5, y: 7 }, viewport: { width: 800, height: 600 }, pixelRatio: 1 }
    const tracer = { rect: () => expect.fail(), rings: (_: unknown, at: Placement) => void (placed = at) }
    kindOf(polygon).trace(tracer, polygon, [0, 0, 80, 40], sight, 2)
    const { scaleX, scaleY, x, y } = placed!
    expect([x + 20 * scaleX, y + 20 * scaleY]).toEqual([5, 7])
    expect([x + 60 * scaleX, y + 60 * scaleY]).toEqual([5 + 160, 7 + 80])
  })
})

test('a mask is hit on its pixels, not in its hole', () => {
  const { hit } = kindOf(ring)
  expect(hit(ring, { x: 100.5, y: 20.5 }, 0)).toBe(true)
  expect(hit(ring, { x: 101.5, y: 21.5 }, 0)).toBe(false)
})

/** What the tool hands over, as shapes and not as boxes. */
function setUp(...shapes: CanvasShape[]) {
  const changes: Map<number, Shape>[] = []
  const board = new Board(...shapes)
  const { change } = board.edits
  board.edits.change = (changed) => {
    changes.push(new Map(changed))
    change(changed)
  }
  return { board, changes, hand: new Hand(board, new SelectTool(board)) }
}

describe('gestures', () => {
  test('a drag moves every vertex, a handle scales them', () => {
    const { hand, changes } = setUp(polygon)
    hand.drag([30, 50], [35, 52])
    expect(changes[0]!.get(1)).toMatchObject({
      box: [25, 22, 65, 62],
      segmentation: [L.map((value, i) => value + (i % 2 ? 2 : 5))],
      area: 1200,
    })
    // The handles of a polygon lie beside its box, whose corners may be vertices.
    hand.drag([67, 64], [107, 64])
    expect(changes[1]!.get(1)).toMatchObject({ box: [25, 22, 105, 62], area: 2400 })
    expect((changes[1]!.get(1)!.segmentation as number[][])[0]!.slice(0, 4)).toEqual([25, 22, 65, 22])
  })

  test('a press in the empty corner of its box is a press on nothing', () => {
    const { hand, board } = setUp(polygon)
    hand.click(55, 25)
    expect(board.selected).toEqual([])
  })

  test('a mask goes by whole pixels and loses none at the edge of the image', () => {
    const { hand, changes, board } = setUp(ring)
    hand.drag([100.5, 20.5], [103.2, 20.9])
    expect(changes[0]!.get(2)!.box).toEqual([103, 20, 106, 23])
    hand.drag([104.5, 20.5], [400, -400])
    expect(changes[1]!.get(2)).toMatchObject({ box: [197, 0, 200, 3], area: 8 })
    expect(board.scene.shapes[0]!.segmentation).toMatchObject({ counts: [19700, 3, 97, 1, 1, 1, 97, 3, 97] })
  })

  test('there and back in one gesture changes nothing', () => {
    const by = fc.double({ min: -15, max: 15, noNaN: true })
    fc.assert(
      fc.property(by, by, (dx, dy) => {
        const { hand, changes } = setUp(polygon)
        hand
          .press(30, 50)
          .move(30 + dx, 50 + dy)
          .move(30, 50)
          .release(30, 50)
        expect(changes).toEqual([])
      }),
    )
  })
})
