import { readFile } from 'node:fs/promises'
import AxeBuilder from '@axe-core/playwright'
import type { Browser, Download, Page } from 'playwright'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dispatch } from '../../src/main/studio/api/dispatch.ts'
import { launchBrowser, openWindow, type StudioWindow } from '../support/window.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

/** The sample with a box of 3 × 3 px that falls between all locations of a 416 px input. */
async function openReport(): Promise<{ window: StudioWindow; image: number; annotation: number }> {
  const window = await openWindow(browser)
  const { project } = window.host
  const image = project.find('')[4]!
  const [annotation] = project.annotations.add(image, [
    { classId: project.classes.all()[0]!.id, box: [32, 32, 35, 35], source: 'drawn' },
  ])
  await window.press('Alt+2')
  await window.page.getByRole('region', { name: 'Report' }).waitFor()
  return { window, image, annotation: annotation! }
}

const chart = (page: Page, title: string) => page.getByRole('region', { name: title, exact: true })

async function saved(page: Page, title: string, item: string): Promise<Download> {
  await page.getByRole('button', { name: `Save or copy ${title}` }).click()
  const download = page.waitForEvent('download')
  await page.getByRole('menuitem', { name: item }).click()
  return download
}

describe('the report', () => {
  test('a box that cannot be learned is one key from its place on the canvas, and one from coming back to the list', async () => {
    const { window, image, annotation } = await openReport()
    const { page, host } = window
    const unlearnable = page.getByRole('button', { name: /^Unlearnable boxes 1 / })
    await unlearnable.click()
    const row = page.getByRole('button', {
      name: /3 × 3 px .*Falls between all locations.*learnable from input size/,
    })
    await row.focus()
    await page.keyboard.press('Enter')
    await page.locator('[role="application"][aria-busy="false"]').waitFor()
    const { path } = host.project.images.get(image)!
    await expect.poll(() => page.locator('[role="application"]').getAttribute('aria-label')).toContain(path)
    await page
      .getByRole('group', { name: 'Findings' })
      .getByText(/Falls between all locations/)
      .waitFor()
    // It is selected: Delete deletes it.
    // 3 px fill a good part of the canvas' middle: the zoom is far above that of the whole image.
    const zoom = page.getByText(/^\d+%$/).first()
    await expect.poll(async () => Number.parseInt((await zoom.textContent())!, 10)).toBeGreaterThan(400)
    await page.keyboard.press('Delete')
    await expect.poll(() => host.project.annotations.get(annotation)).toBe(undefined)

    await page.keyboard.press('b')
    // The list of unlearnable boxes, as it was left, is made anew and is empty now.
    await page.getByRole('heading', { name: 'Unlearnable boxes' }).waitFor()
    await page.getByText('No boxes here').waitFor()
    expect(window.faults).toEqual([])
  })

  test('marks open the boxes behind them, by pointer and by key', async () => {
    const { window } = await openReport()
    const { page, host } = window
    const [first] = host.project.classes.all()
    const labels = host.project.classes.counts().get(first!.id)!
    await chart(page, 'By class')
      .getByRole('button', { name: new RegExp(`^${first!.name}:`) })
      .click()
    await page.getByRole('heading', { name: `Boxes of class ${first!.name}` }).waitFor()
    await expect
      .poll(() =>
        page.getByLabel('Boxes', { exact: true }).getByText(String(labels), { exact: true }).count(),
      )
      .toBe(1)
    await chart(page, 'Boxes per level').getByRole('button', { name: /^P3:/ }).focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Boxes learned on P4' }).waitFor()
  })

  test('charts are saved as pictures that stand alone', async () => {
    const { window } = await openReport()
    const { page } = window
    const svg = await saved(page, 'Boxes per level', 'Save as SVG')
    expect(svg.suggestedFilename()).toBe('boxes-per-level.svg')
    const text = await readFile(await svg.path(), 'utf8')
    for (const word of ['Boxes per level', 'P3', 'P7', 'viewBox']) expect(text).toContain(word)
    expect(text).not.toMatch(/var\(--|class=|style=|data-mark/)
    // Drawn by another program it shows the colours of P3 and of the background.
    const drawn = await sharp(Buffer.from(text)).removeAlpha().raw().toBuffer()
    const colours = new Set<string>()
    for (let at = 0; at < drawn.length; at += 3) colours.add(drawn.subarray(at, at + 3).toString('hex'))
    expect(colours).toContain('ffdd33')
    expect(colours).toContain('1c1f24')

    const png = await saved(page, 'Position', 'Save as PNG')
    const { width, format } = await sharp(await readFile(await png.path())).metadata()
    const shown = (await chart(page, 'Position').locator('svg').last().boundingBox())!.width
    expect(format).toBe('png')
    expect(width).toBe(2 * (Math.round(shown) + 32))
    expect(window.faults).toEqual([])
  })

  test('a suggested input size is taken over into the X-ray, and the report follows', async () => {
    const window = await openWindow(browser)
    const { page, host } = window
    await dispatch(host, 'settings.set', {
      key: 'xray.model',
      value: {
        input: { shortSide: 96, longSide: 96 },
        rules: { location: 'half-stride', ranges: 'closed', area: 'inclusive', radius: 1.5 },
        boxWeight: 'centerness',
      },
    })
    await page.reload()
    await page.getByLabel('Canvas').waitFor()
    await window.press('Alt+2')
    const use = page.getByRole('button', { name: /^Use \d+ px in X-ray$/ })
    const size = Number((await use.textContent())!.match(/\d+/)![0])
    await use.click()
    await expect
      .poll(async () => ((await dispatch(host, 'settings.all', {})) as Record<string, unknown>)['xray.model'])
      .toMatchObject({ input: { shortSide: size, longSide: size } })
    await chart(page, 'Input size').getByText(`${size} px (now)`).waitFor()
    expect(window.faults).toEqual([])
  })

  test('axe finds nothing serious, and every text can be read in the light theme too', async () => {
    const { window } = await openReport()
    const { page } = window
    // A colour on its way to another one is neither.
    await page.emulateMedia({ reducedMotion: 'reduce' })
    await chart(page, 'Position').waitFor()
    const seriousOf = async (axe: AxeBuilder) => {
      const { violations } = await axe.analyze()
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      return serious.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 200))])
    }
    expect(await seriousOf(new AxeBuilder({ page }))).toEqual([])
    await page.evaluate("document.documentElement.dataset.theme = 'light'")
    expect(await seriousOf(new AxeBuilder({ page }).withRules(['color-contrast']))).toEqual([])
  })
})
