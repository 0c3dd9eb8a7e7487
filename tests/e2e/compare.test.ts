import { readFile } from 'node:fs/promises'
import type { Browser } from 'playwright'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser, openWindow } from '../support/window.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

test('four detectors side by side: one view, one pointer, the same box explained by each', async () => {
  const window = await openWindow(browser, { size: { width: 1440, height: 900 } })
  const { page } = window
  await window.press('Shift+S')
  const panels = page.getByRole('application')
  await expect.poll(() => panels.count()).toBe(4)
  const feet = page.getByRole('status', { name: / explained$/ })
  const told = async (): Promise<string[]> =>
    (await feet.allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' '))
  await expect.poll(told).toEqual(Array(4).fill(expect.stringMatching(/\d+ of \d+ boxes learned by \d+/)))

  // Drawn in the third panel, by the tools of the first.
  const objects = (await window.stored()).length
  await window.press('r')
  const third = (await panels.nth(2).boundingBox())!
  const first = (await panels.first().boundingBox())!
  expect([third.width, third.height]).toEqual([first.width, first.height])
  const on = async (panel: number, at: readonly [number, number]) => {
    const { x, y } = await window.place(at)
    const { x: left, y: top } = (await panels.nth(panel).boundingBox())!
    return [x - first.x + left, y - first.y + top] as const
  }
  await page.mouse.move(...(await on(2, [100, 100])))
  await page.mouse.down()
  await page.mouse.move(...(await on(2, [180, 170])), { steps: 3 })
  await page.mouse.up()
  expect((await window.stored()).length).toBe(objects + 1)
  const drawn = (await window.stored()).at(-1)!
  for (const [i, side] of [100, 100, 180, 170].entries())
    expect(Math.abs(drawn.box[i]! - side)).toBeLessThan(2)
  await expect
    .poll(told)
    .toEqual([
      expect.stringMatching(new RegExp(`Box ${objects + 1} \\(.*\\): \\d+ locations, P\\d \\d+`)),
      expect.stringMatching(new RegExp(`Box ${objects + 1} \\(.*\\): \\d+ anchors?, P\\d \\d+`)),
      expect.stringMatching(new RegExp(`Box ${objects + 1} \\(.*\\): \\d+ locations?, P\\d \\d+`)),
      expect.stringMatching(new RegExp(`Box ${objects + 1} \\(.*\\): 1 location, P2 1`)),
    ])

  // The pointer over one panel is over all: each reads the location there.
  await page.mouse.move(...(await on(1, [140, 135])))
  await expect.poll(told).toEqual(Array(4).fill(expect.stringContaining(`learns box ${objects + 1}`)))

  // Zoomed over the last, all have zoomed: what was under the pointer still is, in each.
  await page.mouse.move(...(await on(3, [140, 135])))
  await page.keyboard.down('Control')
  await page.mouse.wheel(0, -400)
  await page.keyboard.up('Control')
  await expect.poll(told).toEqual(Array(4).fill(expect.stringContaining(`learns box ${objects + 1}`)))

  // As one drawing: four pictures, the boxes as shapes, what is explained as text.
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save the detectors as SVG' }).click()
  const svg = await readFile(await (await download).path(), 'utf8')
  expect(svg.match(/<image /g)).toHaveLength(4)
  expect(svg).toMatch(/>CenterNet · [^<]+</)
  expect(svg).toMatch(new RegExp(`Box ${objects + 1} \\(`))

  const picture = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save the detectors as PNG' }).click()
  const png = await sharp(await (await picture).path()).stats()
  const [, width, height] = svg.match(/<svg [^>]*width="(\d+)" height="(\d+)"/)!.map(Number)
  const { width: columns, height: rows } = await sharp(await (await picture).path()).metadata()
  // A picture of the same shape, in which each quarter shows something.
  expect(columns! / rows!).toBeCloseTo(width! / height!, 1)
  expect(png.entropy).toBeGreaterThan(1)

  // A panel closed, and another chosen: kept for the next time.
  await page.getByRole('button', { name: 'Close ATSS' }).click()
  await expect.poll(() => panels.count()).toBe(3)
  await page.getByRole('combobox', { name: 'What is shown' }).last().selectOption({ label: 'PolarMask' })
  await page.getByRole('region', { name: 'PolarMask' }).waitFor()
  await expect
    .poll(() => window.host.settings.all()['xray.sideBySide'])
    .toMatchObject({
      on: true,
      panels: [{ shows: { detector: 'retinanet' } }, { shows: { detector: 'polarmask' } }],
    })
  await page.reload()
  await expect.poll(() => panels.count()).toBe(3)

  // A model's predictions beside the targets.
  const models = page
    .getByRole('combobox', { name: 'What is shown' })
    .first()
    .locator('optgroup[label=Predictions] option')
  await page
    .getByRole('combobox', { name: 'What is shown' })
    .first()
    .selectOption(await models.first().getAttribute('value'))
  await page.getByText('Predicting…').waitFor({ state: 'detached' })
  await page.mouse.move(...(await on(0, [140, 135])))
  await expect.poll(async () => (await told())[1]).toMatch(/Predicted: .* score 0\.\d\d/)
  if (process.env.LOOK) {
    await page.screenshot({ path: `${process.env.LOOK}-dark.png` })
    await page.evaluate("document.documentElement.dataset.theme = 'light'")
    await page.screenshot({ path: `${process.env.LOOK}-light.png` })
  }
  await window.press('Shift+S')
  await expect.poll(() => panels.count()).toBe(1)
  expect(window.faults).toEqual([])
})

test('the report says which detector suits the boxes, by size and class, with reasons', async () => {
  const { page, press, faults } = await openWindow(browser)
  await press('Alt+2')
  const table = page.getByRole('table', { name: 'Detectors' })
  await expect
    .poll(() => table.getByRole('rowheader').allInnerTexts())
    .toEqual(['FCOS', 'RetinaNet', 'ATSS', 'CenterNet'])
  expect(await table.getByRole('row').nth(1).innerText()).toMatch(
    /FCOS\s+100\.0%\s+9 locations\s+[\d,]+\s+\d+\s+0\s+0/,
  )
  expect(await table.getByRole('row').nth(4).innerText()).toMatch(
    /CenterNet\s+[\d.]+%\s+1 location\s+\d+\s+–\s+0/,
  )
  const groups = page.getByRole('table', { name: 'Recall by size and class' })
  await groups.getByRole('button').first().click()
  await groups
    .getByText(/^FCOS learns \d+ of [\d,]+ boxes, a box by 9 locations \(median\)/)
    .first()
    .waitFor()
  if (process.env.LOOK) {
    await groups.scrollIntoViewIfNeeded()
    await page.screenshot({ path: `${process.env.LOOK}-report.png` })
  }
  expect(faults).toEqual([])
})

test('detectors are trained in turn, each from what it needs, and compared in one table', async () => {
  const { page, press, faults, host } = await openWindow(browser)
  await press('Alt+3')
  await page.getByRole('button', { name: 'Compare detectors…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Compare detectors' })
  for (const title of ['FCOS', 'RetinaNet', 'ATSS', 'CenterNet'])
    await dialog.getByRole('checkbox', { name: new RegExp(`^${title} [A-Z]`) }).uncheck()
  await dialog.getByRole('checkbox', { name: /^FCOS, centerness trained alone/ }).check()
  expect(await dialog.getByRole('checkbox', { name: /^FCOS without centerness/ }).isChecked()).toBe(true)
  await dialog.getByLabel('Input size, px').fill('64')
  await dialog.getByLabel('Steps').fill('1')
  await dialog.getByLabel('Seed').fill('3')
  if (process.env.LOOK) await page.screenshot({ path: `${process.env.LOOK}-dialog.png` })
  await dialog.getByRole('button', { name: 'Train 2 in turn' }).click()
  const queue = page.getByRole('region', { name: 'Comparison of detectors' })
  const states = () => {
    const comparison = host.runs.comparison.get()!
    const runs = host.runs.list()
    return comparison.entries.map(
      ({ run, error }) => error?.message ?? runs.find(({ id }) => id === run)?.state,
    )
  }
  await expect.poll(states, { timeout: 600_000 }).toEqual(['done', 'done'])
  await queue.getByText('2 of 2 done').waitFor()
  const { entries } = host.runs.comparison.get()!
  const details = entries.map(({ run }) => host.runs.detail(run!))
  expect(details.map(({ options }) => [options!.seed, options!.steps, options!.learn])).toEqual([
    [3, 1, 'c2'],
    [3, 1, 'quality'],
  ])
  expect(details.map(({ model }) => (model!.loss as { quality?: string }).quality)).toEqual([
    'none',
    'centerness',
  ])
  await page.getByRole('table', { name: 'Cost of training' }).waitFor()
  if (process.env.LOOK) await page.screenshot({ path: `${process.env.LOOK}-train.png` })
  expect(faults).toEqual([])
})
