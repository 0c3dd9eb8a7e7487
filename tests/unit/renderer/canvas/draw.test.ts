import { expect, test } from 'vitest'
import { DrawTool } from '../../../../src/renderer/canvas/tools/draw.ts'
import { Board, canvasBox, Hand } from '../../../support/canvas/hand.ts'

function setUp() {
  const board = new Board(canvasBox(1, [20, 20, 60, 60]))
  const tool = new DrawTool(board)
  return { board, tool, hand: new Hand(board, tool) }
}

test('a drag in any direction draws one box, over boxes too', () => {
  const { board, hand, tool } = setUp()
  hand.drag([50.5, 70], [30.25, 10])
  expect(board.added).toEqual([[30.25, 10, 50.5, 70]])
  expect(board.selected).toEqual([])
  expect(tool.sketch.draft).toBeNull()
})

test('two clicks draw a box; between them the pointer carries its corner', () => {
  const { board, hand, tool } = setUp()
  hand.click(10, 10).move(40, 30)
  expect(tool.sketch.draft).toEqual([{ id: null, box: [10, 10, 40, 30] }])
  expect(board.added).toEqual([])
  hand.click(50, 60)
  expect(board.added).toEqual([[10, 10, 50, 60]])
})

test('drawing is sticky: box after box with nothing in between', () => {
  const { board, hand } = setUp()
  hand.drag([0, 0], [10, 10]).click(20, 20).click(30, 30).drag([40, 40], [50, 50])
  expect(board.added).toHaveLength(3)
})

test('a box ends at the edge of the image', () => {
  const { board, hand } = setUp()
  hand.drag([180, 80], [250, 300]).drag([10, 10], [-30, -5])
  expect(board.added).toEqual([
    [180, 80, 200, 100],
    [0, 0, 10, 10],
  ])
})

test('a box of less than a pixel is a slip of the hand', () => {
  const { board, hand, tool } = setUp()
  hand.drag([10, 10], [60, 10.9]).click(30, 30).click(30.2, 30.2)
  expect(board.added).toEqual([])
  expect(tool.cancel()).toBe(false)
})

test('Shift draws a square, as large as the image has room for', () => {
  const { board, hand } = setUp()
  hand.drag([10, 10], [30, 15], { shift: true }).drag([100, 90], [160, 95], { shift: true })
  expect(board.added).toEqual([
    [10, 10, 30, 30],
    [100, 90, 110, 100],
  ])
})

test('coordinates keep their fractions; with snapping on, edges go to whole pixels', () => {
  const { board, hand } = setUp()
  board.snapping = true
  hand.drag([10.4, 10.6], [30.2, 29.9])
  expect(board.added).toEqual([[10, 11, 30, 30]])
})

test('cancelling in the middle leaves nothing behind, and releasing the button later does nothing', () => {
  const { board, hand, tool } = setUp()
  hand.press(10, 10).move(40, 40)
  expect(tool.cancel()).toBe(true)
  hand.move(50, 50).release(60, 60)
  expect(board.added).toEqual([])
  expect(tool.sketch.draft).toBeNull()
  hand.click(10, 10).move(20, 20)
  expect(tool.cancel()).toBe(true)
  expect(tool.cancel()).toBe(false)
})
