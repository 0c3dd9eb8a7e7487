import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { partsOf, ringsOf, storedRings } from '../../../../src/core/geometry/parts.ts'
import {
  distanceToEdge,
  polygonArea,
  polygonHolds,
  type Ring,
} from '../../../../src/core/geometry/polygon.ts'
import { rleArea, rleOfPolygons } from '../../../../src/core/geometry/rle.ts'
import { type Shape, shapeOfRings } from '../../../../src/core/geometry/shape.ts'
import type { CanvasShape } from '../../../../src/renderer/canvas/editing.ts'
import { combined, untangled } from '../../../../src/renderer/canvas/geometry/regions.ts'
import { PolygonTool } from '../../../../src/renderer/canvas/tools/polygon.ts'
import { SelectTool } from '../../../../src/renderer/canvas/tools/select.ts'
import { Board, canvasBox, Hand } from '../../../support/canvas/hand.ts'

const SQUARE = [40, 20, 80, 20, 80, 60, 40, 60]
const polygonOf = (id: number, ring: Ring): CanvasShape => {
  const { box, ...outline } = shapeOfRings([ring])!
  return canvasBox(id, box, outline)
}

/** The board is at 400 %: a click reaches a quarter of its pixels. */
function setUp(...shapes: CanvasShape[]) {
  const added: Shape[] = []
  const changed: Shape[] = []
  const board = new Board(...shapes)
  const { change } = board.edits
  board.edits.add = (shape) => void added.push(shape)
  board.edits.change = (shapes) => {
    changed.push(...shapes.values())
    change(shapes)
  }
  return { board, added, changed }
}

function drawing(...shapes: CanvasShape[]) {
  const set = setUp(...shapes)
  const tool = new PolygonTool(set.board)
  return { ...set, tool, hand: new Hand(set.board, tool) }
}

describe('drawing', () => {
  test('click by click, closed by Enter', () => {
    const { hand, tool, added } = drawing()
    hand.click(10, 10).click(50, 10).click(50, 40)
    expect(tool.sketch.draft).toMatchObject([{ id: null, box: [10, 10, 50, 40] }])
    expect(tool.finish()).toBe(true)
    expect(added).toEqual([{ box: [10, 10, 50, 40], segmentation: [[10, 10, 50, 10, 50, 40]], area: 600 }])
    expect(tool.finish()).toBe(false)
  })

  test('closed by a click on the first vertex, and by a second click on the last', () => {
    const { hand, added } = drawing()
    hand.click(10, 10).click(50, 10).click(50, 40).click(11, 11)
    hand.click(10, 10).click(50, 10).click(50, 40).click(50, 40)
    expect(added.map(({ segmentation }) => segmentation)).toEqual([
      [[10, 10, 50, 10, 50, 40]],
      [[10, 10, 50, 10, 50, 40]],
    ])
  })

  test('freehand, with few vertices where the line is straight', () => {
    const { hand, added } = drawing()
    hand.press(10, 10)
    for (let x = 11; x <= 60; x++) hand.move(x, 10)
    for (let y = 11; y <= 60; y++) hand.move(60, y)
    hand.move(20, 30).move(10, 11).release(10, 10)
    expect(added).toHaveLength(1)
    const [ring] = added[0]!.segmentation as Ring[]
    expect(ring!.length / 2).toBeLessThan(8)
    expect(added[0]!.box).toEqual([10, 10, 60, 60])
  })

  test('undo takes back vertex after vertex, redo brings it again, and the last one ends it', () => {
    const { hand, tool, added } = drawing()
    hand.click(10, 10).click(50, 10).click(50, 40)
    expect([tool.undo(), tool.undo()]).toEqual([true, true])
    expect(tool.sketch.path!.points).toEqual([{ x: 10, y: 10 }])
    tool.redo()
    hand.click(30, 90)
    // What was taken back before a new vertex is gone.
    tool.redo()
    tool.finish()
    expect(added[0]!.segmentation).toEqual([[10, 10, 50, 10, 30, 90]])
    hand.click(10, 10)
    expect([tool.undo(), tool.undo()]).toEqual([true, false])
  })

  test('an outline without area is not made, and the hint says why; outside the image nothing is drawn', () => {
    const { hand, tool, added } = drawing()
    hand.click(10, 10).click(50, 10)
    tool.finish()
    expect(added).toEqual([])
    expect(tool.hint).toMatch(/three vertices/)
    hand.click(50, -20)
    tool.cancel()
    hand.click(-5, 10).click(500, 10).click(90, 400)
    tool.finish()
    expect(added[0]!.box).toEqual([0, 10, 200, 100])
  })

  test('an outline that crosses itself becomes parts that do not', () => {
    const { hand, tool, added } = drawing()
    hand.click(10, 10).click(50, 50).click(50, 10).click(10, 50)
    tool.finish()
    const rings = added[0]!.segmentation as Ring[]
    expect(rings).toHaveLength(2)
    expect(added[0]!.area).toBe(800)
  })

  test('Shift adds a part, Alt cuts a hole; without a selected object neither begins', () => {
    const { hand, tool, board, added, changed } = drawing(polygonOf(1, SQUARE))
    hand.click(100, 20, { shift: true })
    expect(tool.hint).toMatch(/Select one object/)
    expect(tool.sketch.path).toBeNull()
    board.edits.select([1], 'replace')
    hand.click(100, 20, { shift: true }).click(120, 20).click(120, 40)
    tool.finish()
    expect(changed[0]).toMatchObject({ box: [40, 20, 120, 60], area: 1600 + 200 })
    hand.click(50, 30, { alt: true }).click(70, 30).click(70, 50).click(50, 50)
    tool.finish()
    expect(changed[1]!.area).toBe(1800 - 400)
    const parts = partsOf(changed[1]!.segmentation as Ring[])
    expect(parts.map(({ holes }) => holes.length).toSorted()).toEqual([0, 1])
    // Nothing would be left.
    hand.click(0, 0, { alt: true }).click(199, 0).click(199, 99).click(0, 99)
    tool.finish()
    expect(tool.hint).toMatch(/Nothing of the object/)
    expect(changed).toHaveLength(2)
    expect(added).toEqual([])
  })

  test('with the magnet, vertices go to those of neighbours, and else to their edges', () => {
    const { hand, tool, board, added } = drawing(polygonOf(1, SQUARE), canvasBox(2, [120, 20, 160, 60]))
    hand.click(81, 21).click(119, 30).click(100, 90)
    tool.finish()
    board.magnet = true
    hand.click(81, 21).click(119, 30).click(100, 90)
    tool.finish()
    expect(added.map(({ segmentation }) => segmentation)).toEqual([
      [[81, 21, 119, 30, 100, 90]],
      [[80, 20, 120, 30, 100, 90]],
    ])
  })
})

function selecting(...shapes: CanvasShape[]) {
  const set = setUp(...shapes)
  const tool = new SelectTool(set.board)
  set.board.edits.select([1], 'replace')
  return { ...set, tool, hand: new Hand(set.board, tool) }
}

describe('vertices of the selected polygon', () => {
  test('are moved by a drag, and the box follows', () => {
    const { hand, changed } = selecting(polygonOf(1, SQUARE))
    hand.drag([80, 60], [90, 70])
    expect(changed).toEqual([
      { box: [40, 20, 90, 70], segmentation: [[40, 20, 80, 20, 90, 70, 40, 60]], area: 2000 },
    ])
  })

  test('a click on an edge adds one, a drag there moves the new one', () => {
    const { hand, changed } = selecting(polygonOf(1, SQUARE))
    hand.click(60, 20.5)
    expect(changed[0]!.segmentation).toEqual([[40, 20, 60, 20, 80, 20, 80, 60, 40, 60]])
    hand.drag([80, 50], [95, 50])
    expect(changed[1]!.segmentation).toEqual([[40, 20, 60, 20, 80, 20, 95, 50, 80, 60, 40, 60]])
  })

  test('Alt-click removes one, Delete the picked one; the last three stay, and the object with them', () => {
    const { hand, tool, changed } = selecting(polygonOf(1, SQUARE))
    expect(tool.remove()).toBe(false)
    hand.click(40, 20, { alt: true })
    expect(changed[0]!.segmentation).toEqual([[80, 20, 80, 60, 40, 60]])
    hand.click(80, 20)
    expect(tool.remove()).toBe(true)
    expect(changed).toHaveLength(1)
    expect(tool.hint).toMatch(/three vertices at least/)
    expect(tool.remove()).toBe(false)
  })

  test('a vertex of a hole moves alone, and the hole stays a hole', () => {
    const hole = combined(polygonOf(1, SQUARE), 'cut', polygonOf(2, [50, 30, 70, 30, 70, 50, 50, 50])).shape!
    const { hand, changed } = selecting(canvasBox(1, hole.box, hole))
    const before = ringsOf(partsOf(hole.segmentation as Ring[]))
    hand.drag([50, 30], [45, 25])
    const after = ringsOf(partsOf(changed[0]!.segmentation as Ring[]))
    expect(after).toEqual(
      before.map((ring) =>
        ring.map((value, i) =>
          ring[i - (i % 2)] === 50 && ring[i - (i % 2) + 1] === 30 ? value - 5 : value,
        ),
      ),
    )
    expect(changed[0]!.area).toBe(1600 - polygonArea([after[1]!]))
  })

  test('a press that does not go as far as a drag changes nothing', () => {
    const { hand, changed } = selecting(polygonOf(1, SQUARE))
    hand.press(80, 60).move(80.25, 60.25).release(80.25, 60.25)
    expect(changed).toEqual([])
  })
})

describe('outlines united and cut', () => {
  const size = 64
  const place = fc.double({ min: 1, max: size - 1, noNaN: true })
  const ring = fc
    .array(fc.tuple(place, place), {
      minLength: 3,
      maxLength: 9,
    })
    .map((points) => points.flat())

  /** By the even-odd rule, which COCO's masks follow. */
  const isInside = (drawn: Ring, x: number, y: number) =>
    drawn.reduce((inside, _, i) => {
      if (i % 2) return inside
      const [ax, ay, bx, by] = [0, 1, 2, 3].map((k) => drawn[(i + k) % drawn.length]!) as [
        number,
        number,
        number,
        number,
      ]
      return ay <= y === by <= y || ax + ((bx - ax) * (y - ay)) / (by - ay) <= x ? inside : !inside
    }, false)

  test('hold the points that either holds, or the one and not the other, however they cross', () => {
    fc.assert(
      fc.property(ring, ring, (a, b) => {
        const [first, second] = [a, b].map((one) => shapeOfRings(storedRings(untangled(one))))
        if (!first || !second) return
        const [sum, difference] = [combined(first, 'add', second), combined(first, 'cut', second)]
        // What the library gets wrong is refused.
        if ([sum, difference].some(({ reason }) => reason?.startsWith('These outlines'))) return
        const [united, rest] = [sum.shape, difference.shape]
        const holds = (shape: Shape | null, x: number, y: number) =>
          shape !== null && polygonHolds(shape.segmentation as Ring[], x, y)
        for (let y = 1.37; y < size; y += 3.1) {
          for (let x = 1.41; x < size; x += 2.9) {
            // Crossings are rounded to a thousandth of a pixel.
            if (Math.min(distanceToEdge([a], x, y), distanceToEdge([b], x, y)) < 0.01) continue
            const [inFirst, inSecond] = [isInside(a, x, y), isInside(b, x, y)]
            const found = [holds(united, x, y), holds(rest, x, y)]
            expect({ x, y, found }).toEqual({ x, y, found: [inFirst || inSecond, inFirst && !inSecond] })
          }
        }
      }),
    )
  })

  test('keep the vertices that stay, to the bit', () => {
    const third = 100 / 3
    const first = shapeOfRings([[0.1, 0.2, third, 0.3, 40.7, 40.1, 0.7, third]])!
    const cut = combined(first, 'cut', shapeOfRings([[30, 30, 60, 30, 60, 60, 30, 60]])!).shape!
    const kept = cut.segmentation as Ring[]
    for (const vertex of [0.1, third, 0.7]) expect(kept.flat()).toContain(vertex)
  })

  test('parts keep their order', () => {
    const squareAt = (x: number, y: number) => [x, y, x + 20, y, x + 20, y + 20, x, y + 20]
    for (const [first, second] of [
      [squareAt(0, 0), squareAt(50, 50)],
      [squareAt(50, 50), squareAt(0, 0)],
    ] as const) {
      const joined = combined(shapeOfRings([first])!, 'add', shapeOfRings([second])!).shape!
      const corners = (joined.segmentation as Ring[]).map((part) => Math.min(...part))
      expect(corners).toEqual([first[0], second[0]])
    }
  })

  test('parts that overlap are no reason to refuse', () => {
    const [first, second] = [
      [0, 0, 40, 0, 40, 40, 0, 40],
      [20, 20, 60, 20, 60, 60, 20, 60],
    ]
    const shape = shapeOfRings([first!, second!])!
    const cut = combined(shape, 'cut', shapeOfRings([[0, 0, 10, 0, 10, 10, 0, 10]])!)
    expect(cut.shape!.area).toBeCloseTo(40 * 40 * 2 - 20 * 20 - 100, 6)
  })

  test('a mask stays a mask, to the pixel', () => {
    const counts = [...rleOfPolygons([SQUARE], 100, 100).counts]
    const mask: Shape = { box: [40, 20, 80, 60], segmentation: { size: [100, 100], counts }, area: 1600 }
    const cut = combined(mask, 'cut', polygonOf(2, [50, 30, 70, 30, 70, 50, 50, 50])).shape!
    expect(cut.area).toBe(1200)
    expect(cut.segmentation).toMatchObject({ size: [100, 100], counts: expect.any(Array) })
    expect(combined(cut, 'add', polygonOf(2, [50, 30, 70, 30, 70, 50, 50, 50])).shape!.segmentation).toEqual(
      mask.segmentation,
    )
    expect(combined(mask, 'cut', mask)).toMatchObject({
      shape: null,
      reason: expect.stringMatching(/Nothing of the object/),
    })
    expect(rleArea(rleOfPolygons([SQUARE], 100, 100))).toBe(1600)
    const broken: Shape = { ...mask, segmentation: { size: [100, 100], counts: [3] } }
    expect(combined(broken, 'cut', polygonOf(2, SQUARE))).toMatchObject({
      shape: null,
      reason: expect.stringMatching(/cannot be combined/),
    })
  })
})

test('a gesture on one vertex leaves all others as they were, to the bit', () => {
  const x = fc.double({ min: 0, max: 200, noNaN: true })
  const y = fc.double({ min: 0, max: 100, noNaN: true })
  fc.assert(
    fc.property(
      fc.array(fc.tuple(x, y), { minLength: 3, maxLength: 12 }),
      x,
      y,
      fc.nat(),
      (points, toX, toY, pick) => {
        const ring = points.flat()
        const shape = shapeOfRings([ring])
        const at = points[pick % points.length]!
        if (!shape || Math.min(shape.box[2] - shape.box[0], shape.box[3] - shape.box[1]) < 10) return
        // Of vertices in one place the first found is taken.
        if (points.filter(([px, py]) => Math.hypot(px - at[0], py - at[1]) < 2).length > 1) return
        const { hand, changed } = selecting(canvasBox(1, shape.box, shape))
        hand.drag(at, [toX, toY])
        if (changed.length === 0) return
        const after = (changed[0]!.segmentation as Ring[])[0]!
        const others = (all: Ring) => all.filter((_, i) => i >> 1 !== pick % points.length)
        expect(others(after)).toEqual(others(ring))
      },
    ),
  )
})
