import type { Browser } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser, openWindow } from '../support/window.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

/** Half a screen pixel at the zoom of the tests, in image pixels. */
const PRECISION = 1.5

describe('annotating', () => {
  test('a drawn box has the class of the number key, and undo takes it back', async () => {
    const window = await openWindow(browser)
    const before = await window.stored()
    await window.press('r', '3')
    await window.drag([20, 30], [120, 90])
    const after = await window.stored()
    expect(after.length).toBe(before.length + 1)
    const drawn = after.at(-1)!
    expect(drawn).toMatchObject({ source: 'drawn', classId: window.host.project.classes.all()[2]!.id })
    for (const [i, side] of [20, 30, 120, 90].entries())
      expect(Math.abs(drawn.box[i]! - side)).toBeLessThan(PRECISION)
    await window.press('Control+z')
    expect(await window.stored()).toEqual(before)
    await window.press('Control+Shift+z')
    expect(await window.stored()).toEqual(after)
    expect(window.faults).toEqual([])
  })

  test('an outline is drawn click by click, taken back vertex by vertex, closed by Enter, and its vertices edited', async () => {
    const window = await openWindow(browser)
    const before = await window.stored()
    await window.press('p')
    for (const at of [
      [20, 30],
      [120, 30],
      [120, 90],
      [60, 95],
    ] as const)
      await window.click(at)
    await window.press('Control+z')
    await window.click([20, 90])
    await window.press('Enter')
    const [drawn, ...others] = (await window.stored()).slice(before.length)
    expect(others).toEqual([])
    const ring = (drawn!.segmentation as number[][])[0]!
    for (const [i, value] of [20, 30, 120, 30, 120, 90, 20, 90].entries())
      expect(Math.abs(ring[i]! - value)).toBeLessThan(PRECISION)
    await window.press('v')
    await window.click([70, 60])
    await window.drag([120, 90], [150, 110])
    const moved = (await window.stored()).at(-1)!
    expect((moved.segmentation as number[][])[0]!.toSpliced(4, 2)).toEqual(ring.toSpliced(4, 2))
    expect(Math.abs(moved.box[2] - 150)).toBeLessThan(PRECISION)
    // A picked vertex goes with Delete, and the object stays.
    await window.click([150, 110])
    await window.press('Delete')
    expect((await window.stored()).at(-1)!.segmentation).toEqual([ring.toSpliced(4, 2)])
    await window.press('Control+z', 'Control+z')
    expect((await window.stored()).at(-1)).toEqual(drawn)
    await window.press('Control+z')
    expect(await window.stored()).toEqual(before)
    expect(window.faults).toEqual([])
  })

  test('a box becomes an ellipse, is joined with another and split again: one undo step each', async () => {
    const window = await openWindow(browser)
    const before = await window.stored()
    await window.press('r')
    await window.drag([20, 30], [60, 70])
    await window.drag([100, 30], [140, 70])
    const drawn = await window.stored()
    const boxes = drawn.slice(-2)
    await window.press('v', 'Escape')
    await window.drag([10, 15], [150, 90])
    await window.press('Shift+p')
    const ellipses = (await window.stored()).slice(-2)
    expect(ellipses.map(({ box }) => box)).toEqual(boxes.map(({ box }) => box))
    for (const { box, area } of ellipses)
      expect(area! / ((Math.PI / 4) * (box[2] - box[0]) * (box[3] - box[1]))).toBeCloseTo(1, 1)
    await window.press('Shift+j')
    const joined = await window.stored()
    expect(joined).toHaveLength(before.length + 1)
    expect(joined.at(-1)!.segmentation).toHaveLength(2)
    await window.press('Control+Shift+p')
    await window.page.keyboard.type('Split into its parts')
    await window.page.keyboard.press('Enter')
    expect((await window.stored()).slice(-2).map(({ box }) => box)).toEqual(boxes.map(({ box }) => box))
    await window.press('Control+z', 'Control+z', 'Control+z')
    expect(await window.stored()).toEqual(drawn)
    expect(window.faults).toEqual([])
  })

  test('select, nudge, change the class, duplicate, delete: one undo step each', async () => {
    const window = await openWindow(browser)
    await window.press('r')
    await window.drag([20, 30], [120, 90])
    const [drawn] = (await window.stored()).slice(-1)
    await window.press('v', 'Escape')
    await window.click([40, 50])
    await window.press('ArrowRight', 'Shift+ArrowDown', '2', 'Control+d')
    const objects = await window.stored()
    const [moved, copy] = objects.slice(-2)
    const [x1, y1, x2, y2] = drawn!.box
    expect(moved).toMatchObject({ id: drawn!.id, box: [x1 + 1, y1 + 10, x2 + 1, y2 + 10] })
    expect(moved!.classId).toBe(window.host.project.classes.all()[1]!.id)
    expect(copy!.box).toEqual([x1 + 11, y1 + 20, x2 + 11, y2 + 20])
    await window.press('Delete')
    expect((await window.stored()).map(({ id }) => id)).not.toContain(copy!.id)
    // Delete, duplicate, class, and the nudges, which are one.
    await window.press('Control+z', 'Control+z', 'Control+z', 'Control+z')
    expect((await window.stored()).at(-1)).toEqual(drawn)
    expect(window.faults).toEqual([])
  })

  test('going through images keeps every box where it was drawn', async () => {
    const window = await openWindow(browser)
    const first = await window.stored()
    await window.press('r')
    await window.drag([10, 10], [60, 60])
    await window.press('d')
    await window.drag([30, 30], [80, 80])
    const second = await window.stored()
    expect(second.at(-1)!.source).toBe('drawn')
    await window.press('a')
    const back = await window.stored()
    expect(back.length).toBe(first.length + 1)
    await window.press('f')
    await expect.poll(() => window.host.project.find('state:done').length).toBe(60)
  })

  test('the filter finds, and says what it cannot read', async () => {
    const window = await openWindow(browser)
    const { page } = window
    await window.press('/')
    await page.keyboard.type('class:die count:>=8')
    const expected = window.host.project.find('class:die count:>=8').length
    await page.getByRole('heading', { name: `${expected} images` }).waitFor()
    await page.keyboard.type(' state:nonsense')
    await page.getByRole('alert').filter({ hasText: 'nonsense' }).waitFor()
  })
})
