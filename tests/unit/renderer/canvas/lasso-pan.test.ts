import { expect, test } from 'vitest'
import { LassoTool } from '../../../../src/renderer/canvas/tools/lasso.ts'
import { PanTool } from '../../../../src/renderer/canvas/tools/pan.ts'
import { Board, canvasBox, Hand } from '../../../support/canvas/hand.ts'

const boxes = [canvasBox(1, [10, 10, 20, 20]), canvasBox(2, [50, 50, 60, 60]), canvasBox(3, [80, 10, 90, 20])]

test('a lasso takes the boxes whose centres it goes around, also where its line has a bay', () => {
  const board = new Board(...boxes)
  const hand = new Hand(board, new LassoTool(board))
  // A V from top left to top right: box 2 is inside its bounds, but below the line.
  hand.press(0, 0).move(12, 30).move(50, 40).move(88, 30).move(100, 0).move(50, 5).release(50, 5)
  expect(board.selected).toEqual([1, 3])
  hand.press(40, 40).move(70, 40).move(70, 70).move(40, 70).release(40, 70, { shift: true })
  expect(board.selected).toEqual([2])
})

test('Shift and Alt at the press add and take away', () => {
  const board = new Board(...boxes)
  const hand = new Hand(board, new LassoTool(board))
  const around = (x: number, y: number, keys?: { shift?: boolean; alt?: boolean }) =>
    hand
      .press(x - 8, y - 8, keys)
      .move(x + 8, y - 8)
      .move(x + 8, y + 8)
      .move(x - 8, y + 8)
      .release(x - 8, y + 8)
  around(15, 15)
  around(55, 55, { shift: true })
  expect(board.selected).toEqual([1, 2])
  around(15, 15, { alt: true })
  expect(board.selected).toEqual([2])
})

test('an abandoned lasso selects nothing', () => {
  const board = new Board(...boxes)
  const tool = new LassoTool(board)
  const hand = new Hand(board, tool).press(0, 0).move(30, 0).move(30, 30)
  expect(tool.cancel()).toBe(true)
  hand.release(0, 30)
  expect(board.selected).toEqual([])
  expect(tool.sketch.region).toBeNull()
})

test('panning follows the pointer on the screen, and only while pressed', () => {
  const board = new Board()
  const hand = new Hand(board, new PanTool(board))
  hand.move(0, 0).press(10, 10).move(12, 11).move(11, 15).release(11, 15).move(50, 50)
  expect(board.pans).toEqual([
    [8, 4],
    [-4, 16],
  ])
})
