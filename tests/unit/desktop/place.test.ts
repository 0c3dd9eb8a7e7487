import { expect, test } from 'vitest'
import { fitPlace, SMALLEST } from '../../../src/main/desktop/place.ts'

const MAIN = { x: 0, y: 25, width: 1920, height: 1055 }
const LEFT = { x: -2560, y: 0, width: 2560, height: 1440 }

const at = (x: number, y: number, width = 1000, height = 700) => ({ x, y, width, height, maximized: false })

test('a place on a display that is there stays, on whichever it is', () => {
  expect(fitPlace(at(100, 80), [MAIN])).toEqual(at(100, 80))
  expect(fitPlace(at(-2000, 300), [MAIN, LEFT])).toEqual(at(-2000, 300))
})

test('partly off the edge is fine as long as its title can be got hold of', () => {
  expect(fitPlace(at(1800, 80), [MAIN])).toEqual(at(1800, 80))
  expect(fitPlace(at(1850, 80), [MAIN])).toEqual(at(460, 203))
  expect(fitPlace(at(100, 0), [MAIN])).toEqual(at(460, 203))
  expect(fitPlace(at(100, 1075), [MAIN])).toEqual(at(460, 203))
})

test('on a display that is gone, or for the first time: the middle of the main one', () => {
  expect(fitPlace(at(-2000, 300), [MAIN])).toEqual(at(460, 203))
  expect(fitPlace(undefined, [MAIN])).toEqual({ x: 240, y: 103, width: 1440, height: 900, maximized: false })
})

test('never larger than the display, nor smaller than the window can be used', () => {
  expect(fitPlace(at(0, 25, 4000, 3000), [MAIN])).toMatchObject({ width: 1920, height: 1055 })
  expect(fitPlace(at(0, 25, 10, 10), [MAIN])).toMatchObject(SMALLEST)
  const small = { x: 0, y: 0, width: 800, height: 500 }
  expect(fitPlace(undefined, [small])).toEqual({ ...small, maximized: false })
})

test('what was maximized is again, on whatever is left', () => {
  expect(fitPlace({ ...at(-2000, 300), maximized: true }, [MAIN]).maximized).toBe(true)
})
