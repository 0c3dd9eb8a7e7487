import { expect, test } from 'vitest'
import { SelectTool } from '../../../../src/renderer/canvas/tools/select.ts'
import { Board, canvasBox, Hand } from '../../../support/canvas/hand.ts'

/** A stack of three: 3 inside 2 inside 1; and 4 apart from them. */
function setUp() {
  const board = new Board(
    canvasBox(1, [10, 10, 90, 90]),
    canvasBox(2, [20, 20, 80, 80]),
    canvasBox(3, [40, 40, 60, 60]),
    canvasBox(4, [120, 20, 160, 60]),
  )
  const tool = new SelectTool(board)
  return { board, tool, hand: new Hand(board, tool) }
}

test('a click selects the smallest box, repeated clicks go down the stack and around', () => {
  const { board, hand } = setUp()
  const seen = [1, 2, 3, 4].map(() => {
    hand.click(50, 50)
    return board.selected
  })
  expect(seen).toEqual([[3], [2], [1], [3]])
})

test('a click elsewhere in the stack starts at the smallest again', () => {
  const { board, hand } = setUp()
  hand.click(50, 50).click(50, 50).click(45, 45)
  expect(board.selected).toEqual([3])
})

test('hidden boxes are not hit, locked ones are, but stay where they are', () => {
  const { board, hand } = setUp()
  board.show(board.scene.shapes.map((b) => ({ ...b, hidden: b.id === 3, locked: b.id === 2 })))
  hand.drag([50, 50], [55, 55])
  expect(board.selected).toEqual([2])
  expect(board.changes).toEqual([])
  hand.drag([20, 20], [5, 5])
  expect(board.changes).toEqual([])
})

test('a click on nothing clears the selection; Shift adds and takes, Alt takes', () => {
  const { board, hand } = setUp()
  hand.click(140, 40).click(50, 50, { shift: true })
  expect(board.selected).toEqual([3, 4])
  hand.click(50, 50, { shift: true })
  expect(board.selected).toEqual([4])
  hand.click(140, 40, { alt: true })
  expect(board.selected).toEqual([])
  hand.click(140, 40).click(180, 90)
  expect(board.selected).toEqual([])
})

test('dragging a box selects and moves it in one go, and hands in one change', () => {
  const { board, hand, tool } = setUp()
  hand.press(140, 40).move(145, 40).move(150.5, 45)
  expect(tool.sketch.draft).toEqual([{ id: 4, box: [130.5, 25, 170.5, 65] }])
  expect(board.changes).toEqual([])
  hand.release(150.5, 45)
  expect(board.changes).toEqual([{ 4: [130.5, 25, 170.5, 65] }])
})

test('a selected box under others can be dragged', () => {
  const { board, hand } = setUp()
  board.edits.select([1], 'replace')
  hand.drag([50, 50], [55, 52])
  expect(board.changes).toEqual([{ 1: [15, 12, 95, 92] }])
})

test('boxes move together and stop together at the edge of the image', () => {
  const { board, hand } = setUp()
  board.edits.select([3, 4], 'replace')
  hand.drag([50, 50], [150, -50])
  expect(board.changes).toEqual([{ 3: [80, 20, 100, 40], 4: [160, 0, 200, 40] }])
})

test('Shift while moving keeps to one axis', () => {
  const { board, hand } = setUp()
  hand.press(140, 40).move(145, 42, { shift: true }).release(145, 42, { shift: true })
  expect(board.changes).toEqual([{ 4: [125, 20, 165, 60] }])
})

test('a box brought back to where it was is no change', () => {
  const { board, hand } = setUp()
  hand.press(140, 40).move(150, 40).move(140, 40).release(140, 40)
  expect(board.changes).toEqual([])
})

test.each([
  ['left', [120, 40], [125, 99], [125, 20, 160, 60]],
  ['right', [160, 40], [170, 0], [120, 20, 170, 60]],
  ['top', [140, 20], [0, 25], [120, 25, 160, 60]],
  ['bottom', [140, 60], [0, 70], [120, 20, 160, 70]],
  ['top left', [120, 20], [110, 10], [110, 10, 160, 60]],
  ['top right', [160, 20], [170, 10], [120, 10, 170, 60]],
  ['bottom right', [160, 60], [170, 70], [120, 20, 170, 70]],
  ['bottom left', [120, 60], [110, 70], [110, 20, 160, 70]],
] as const)('the %s handle', (_name, from, to, expected) => {
  const { board, hand } = setUp()
  board.edits.select([4], 'replace')
  hand.drag(from, to)
  expect(board.changes).toEqual([{ 4: expected }])
})

test('an edge taken beside its handle does not jump, and turning a box over works', () => {
  const { board, hand } = setUp()
  board.edits.select([4], 'replace')
  hand.drag([160.5, 40.5], [100.5, 40.5])
  expect(board.changes).toEqual([{ 4: [100, 20, 120, 60] }])
})

test('Alt resizes about the centre, Shift keeps the ratio', () => {
  const { board, hand } = setUp()
  board.edits.select([4], 'replace')
  hand.press(160, 40).move(165, 40, { alt: true }).release(165, 40, { alt: true })
  hand.press(165, 60).move(190, 60, { shift: true }).release(190, 60, { shift: true })
  expect(board.changes).toEqual([{ 4: [115, 20, 165, 60] }, { 4: [115, 20, 190, 80] }])
})

test('a rubber band selects boxes whose centres it holds', () => {
  const { board, hand, tool } = setUp()
  hand.press(5, 95).move(55, 45)
  expect(tool.sketch.region).toHaveLength(4)
  hand.release(55, 45)
  expect(board.selected).toEqual([1, 2, 3])
  hand.drag([110, 10], [165, 65], { shift: true })
  expect(board.selected).toEqual([1, 2, 3, 4])
  hand.drag([110, 10], [165, 65], { alt: true })
  expect(board.selected).toEqual([1, 2, 3])
})

test('cancelling a gesture leaves the boxes as they were', () => {
  const { board, hand, tool } = setUp()
  hand.press(140, 40).move(150, 50)
  expect(tool.cancel()).toBe(true)
  hand.release(150, 50)
  expect(board.changes).toEqual([])
  expect(tool.sketch.draft).toBeNull()
  hand.press(5, 95).move(55, 45)
  expect(tool.cancel()).toBe(true)
  hand.release(55, 45)
  expect(board.selected).toEqual([4])
})

test('a box that vanishes in the hand ends the gesture; another one does not', () => {
  const { board, hand, tool } = setUp()
  hand.press(140, 40).move(150, 50)
  board.show(board.scene.shapes.filter(({ id }) => id !== 2))
  tool.sceneChanged()
  expect(tool.sketch.draft).not.toBeNull()
  board.show(board.scene.shapes.filter(({ id }) => id !== 4))
  tool.sceneChanged()
  expect(tool.sketch.draft).toBeNull()
  hand.release(150, 50)
  expect(board.changes).toEqual([])
})

test('the cursor tells what a press would do', () => {
  const { board, hand } = setUp()
  board.edits.select([4], 'replace')
  const at = (x: number, y: number) => hand.cursor(x, y)
  expect(at(140, 40)).toBe('move')
  expect([at(120, 20), at(160, 60), at(160, 20), at(120, 60)]).toEqual([
    'nwse-resize',
    'nwse-resize',
    'nesw-resize',
    'nesw-resize',
  ])
  expect([at(140, 20), at(120, 40)]).toEqual(['ns-resize', 'ew-resize'])
  expect([at(50, 50), at(190, 95)]).toEqual(['default', 'default'])
})

test('what is under the pointer is known, so that it can be shown', () => {
  const { hand, tool } = setUp()
  hand.move(50, 50)
  expect(tool.sketch.hovered).toBe(3)
  hand.move(190, 95)
  expect(tool.sketch.hovered).toBeNull()
  hand.move(140, 40)
  tool.leave()
  expect(tool.sketch.hovered).toBeNull()
})
