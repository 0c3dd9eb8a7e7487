import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EngineData } from '../../src/core/contract/engine.ts'
import { dispatch } from '../../src/main/studio/api/dispatch.ts'
import { startEngine } from '../../src/main/studio/engine/spawn.ts'
import { lay, scratch } from '../support/scratch.ts'
import { launchBrowser, openWindow, type StudioWindow } from '../support/window.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

const regions = ({ page }: StudioWindow) => ({
  section: page.getByRole('region', { name: 'X-ray', exact: true }),
  share: page.getByRole('region', { name: /^Share of/ }),
  totals: page.getByRole('region', { name: 'This image', exact: true }),
  pointer: page.getByRole('status', { name: 'Location under the pointer' }),
  pins: page.getByRole('list', { name: 'Pinned locations' }),
})

/** Text with its gaps closed: "P3 9". */
const textOf = async (region: ReturnType<typeof regions>['share']): Promise<string> =>
  (await region.innerText()).replaceAll(/\s+/g, ' ')

async function withXray(): Promise<StudioWindow & ReturnType<typeof regions>> {
  const window = await openWindow(browser)
  await window.press('x')
  const found = { ...window, ...regions(window) }
  await found.totals.waitFor()
  return found
}

describe('the X-ray', () => {
  test('a box is followed while it is drawn and dragged', async () => {
    const window = await withXray()
    const { page, share } = window
    const objects = (await window.stored()).length
    const learnable = async () =>
      /Learnable objects (\d+) of (\d+)/
        .exec(await textOf(window.totals))!
        .slice(1)
        .map(Number)
    expect(await learnable()).toEqual([objects, objects])

    await window.press('r')
    const [start, tiny, end] = await Promise.all([
      window.place([8, 8]),
      window.place([14, 14]),
      window.place([63, 63]),
    ])
    await page.mouse.move(start.x, start.y)
    await page.mouse.down()
    // Between the locations at 6.2 and 18.5 px, which are 4 and 12 in the input of 416 px, nothing can be learned yet.
    await page.mouse.move(tiny.x, tiny.y)
    await expect.poll(learnable).toEqual([objects, objects + 1])
    await page.mouse.move(end.x, end.y)
    await expect.poll(learnable).toEqual([objects + 1, objects + 1])
    await page.mouse.up()
    await share.waitFor()
    // 5.2 … 41 in the input: nine locations of P3 are within 12 px of its centre.
    expect(await textOf(share)).toMatch(/9 locations P3 9 P4 0 P5 0 P6 0 P7 0 Mean centerness 0\.\d{3}/)

    await window.press('v')
    const [from, to] = await Promise.all([window.place([33, 33]), window.place([330, 300])])
    const before = await textOf(share)
    await page.mouse.move(from.x, from.y)
    await page.mouse.down()
    await page.mouse.move(to.x, to.y, { steps: 3 })
    // Still in the hand.
    await expect.poll(() => textOf(share)).not.toBe(before)
    await page.keyboard.press('Escape')
    await page.mouse.up()
    await expect.poll(() => textOf(share)).toBe(before)
    expect(window.faults).toEqual([])
  })

  test('a box that no location can learn: why, its mark, and a change that cures it', async () => {
    const window = await withXray()
    const { page, share } = window
    await window.press('r')
    await window.drag([7.5, 7.5], [11.5, 11.5])
    await share.getByText('No location can learn this box').waitFor()
    expect(await textOf(share)).toMatch(
      /No location lies inside box \d+ \(.*px\)\. Learnable from input size \d+ px \(now 416\)/,
    )
    await page
      .getByLabel('Objects of this image')
      .getByRole('img', { name: 'No location can learn this box' })
      .waitFor()
    await share.getByRole('button', { name: 'Apply' }).click()
    await share.getByText('Mean centerness').waitFor()
    expect(await textOf(window.section)).toMatch(/px, changed/)
  })

  test('a location says what it learns or why not, and stays when pinned', async () => {
    const window = await withXray()
    const { page, pointer } = window
    await window.press('r')
    // In the input 2.6 … 44.2: its centre, at 23.4, is near the locations 20 and 28.
    await window.drag([4, 4], [68, 68])
    await window.press('v')
    const over = async (x: number, y: number) => {
      const at = await window.place([x, y])
      await page.mouse.move(at.x, at.y)
    }
    await over(32, 32)
    await expect.poll(() => textOf(pointer)).toMatch(/P3 learns box \d+ \(.*\) \(30\.8, 30\.8\) l t r b px/)
    expect(await textOf(pointer)).toMatch(/× stride 2\.\d\d 2\.\d\d 3\.\d\d 3\.\d\d centerness 0\.\d{3}/)
    await window.page.keyboard.press('o')
    await over(60, 60)
    await expect
      .poll(() => textOf(pointer))
      .toMatch(
        /P3 background .* Inside box \d+ \(.*\), but [\d.]+ px from its centre ≥ 1\.5 × 8: outside center sampling/,
      )
    expect(await textOf(window.pins)).toMatch(/^A P3 learns box/)
    const at = await window.place([60, 60])
    await page.keyboard.down('Alt')
    await page.mouse.click(at.x, at.y)
    await page.keyboard.up('Alt')
    await expect.poll(() => textOf(window.pins)).toMatch(/B P3 background/)
    await page.keyboard.press(']')
    await page.keyboard.press(']')
    await expect.poll(() => textOf(pointer)).toMatch(/P4 background .* below P4's regression range/)
  })

  test('of another detector: its anchors under the pointer, its candidates, and its rules', async () => {
    const window = await withXray()
    const { page, pointer, share } = window
    await window.press('r')
    await window.drag([4, 4], [68, 68])
    await window.press('v')
    await page.getByRole('combobox', { name: 'Detector' }).selectOption('RetinaNet')
    const at = await window.place([36, 36])
    await page.mouse.move(at.x, at.y)
    const anchors = pointer.getByRole('table', { name: 'Anchors' })
    await anchors.waitFor()
    await expect.poll(() => anchors.getByRole('rowheader').count()).toBe(9)
    expect(await textOf(anchors)).toMatch(/32 × 32 0\.\d\d positive/)
    await page.locator('summary', { hasText: 'Rules' }).click()
    await page.getByRole('checkbox', { name: 'Low-quality matches' }).uncheck()
    await page.getByRole('slider', { name: 'Positive from IoU' }).fill('0.95')
    // The reading is that of the pointer, which left the image for the panel.
    await page.mouse.move(at.x, at.y)
    await expect.poll(() => textOf(pointer)).toMatch(/background/)

    await page.getByRole('combobox', { name: 'Detector' }).selectOption('ATSS')
    await page.mouse.click(at.x, at.y)
    await share.getByRole('img', { name: /^IoUs of the candidates: mean/ }).waitFor()
    await expect.poll(() => textOf(share)).toMatch(/45 candidates/)
    await page.getByRole('slider', { name: 'k, per level' }).fill('5')
    await expect.poll(() => textOf(share)).toMatch(/25 candidates/)

    // One cell learns each object: that is no lack, and the rules are CenterNet's.
    await page.getByRole('combobox', { name: 'Detector' }).selectOption('CenterNet')
    await page.getByRole('slider', { name: 'Least IoU' }).waitFor()
    expect(await page.getByLabel('Few locations learn this box').count()).toBe(0)
    await page.getByRole('combobox', { name: 'Detector' }).selectOption('PolarMask')
    await page.getByRole('slider', { name: 'Rays' }).fill('24')
    await page.getByRole('combobox', { name: 'Detector' }).selectOption('FCOS')
    await expect.poll(() => textOf(share)).not.toMatch(/candidates/)
    expect(window.faults).toEqual([])
  })

  test('the trainer sees the image with as many targets, varied by the seed', async () => {
    const window = await withXray()
    const { page, section } = window
    const objects = (await window.stored()).length
    await section.getByText('Rules', { exact: true }).click()
    await section.getByRole('button', { name: 'Augmented training input' }).click()
    const dialog = page.getByRole('dialog', { name: 'Augmented training input' })
    const picture = dialog.locator('canvas')
    await picture.waitFor()
    expect(await picture.getAttribute('aria-label')).toMatch(
      /^(416 × 320|320 × 416) px, \d+ objects, view Levels$/,
    )
    expect(await textOf(dialog)).toMatch(new RegExp(`Learnable objects \\d+ of [1-${objects}]`))
    const pixels = () =>
      picture.evaluate((canvas) => (canvas as unknown as { toDataURL(): string }).toDataURL())
    const first = await pixels()
    await dialog.getByRole('button', { name: 'Next seed' }).click()
    await expect.poll(pixels).not.toBe(first)
    await dialog.getByLabel('Seed').fill('0')
    await expect.poll(pixels).toBe(first)
    expect(window.faults).toEqual([])
  })

  test('the trainer shows the tiles of a large image, and names what their borders cut', async () => {
    const folder = await scratch()
    await lay(folder, { 'large.jpg': [2400, 1600] })
    const window = await openWindow(browser, { project: folder })
    const { page, host } = window
    await expect.poll(() => host.summary()?.images).toBe(1)
    const [image] = host.project.find('')
    await dispatch(host, 'classes.add', { name: 'car' })
    const classId = host.project.classes.all()[0]!.id
    // Tiles of 520 px show objects of 20 px at 16; the last lies across a border, the others in the first tile and far from it.
    const boxes = [100, 300, 2000, 508].map((x) => [x, 100, x + 20, 120] as const)
    await dispatch(host, 'annotations.add', {
      image: image!,
      annotations: boxes.map((box) => ({ classId, box, source: 'drawn' })),
    })
    await window.press('x')
    const { section } = regions(window)
    await section.getByText('Rules', { exact: true }).click()
    await section.getByRole('button', { name: 'Augmented training input' }).click()
    const tiles = page
      .getByRole('dialog', { name: 'Augmented training input' })
      .getByRole('region', { name: 'Tiles' })
    await tiles.getByRole('button', { name: /^Tile 1 of \d+: 3 objects$/, pressed: true }).waitFor()
    await expect.poll(() => textOf(tiles)).toMatch(/Its borders cut car 4\./)
    await tiles.getByRole('button', { name: /^Tile 3 of \d+: 0 objects$/ }).click()
    await expect.poll(() => textOf(tiles)).toMatch(/^Tile 3 .* takes turns/)
    expect(window.faults).toEqual([])
  })

  test('rules are changed, watched and remembered', async () => {
    const window = await withXray()
    const { page, section, totals } = window
    await section.getByText('Rules', { exact: true }).click()
    const before = await textOf(totals)
    await section.getByLabel('Center sampling radius').fill('0')
    await expect.poll(() => textOf(totals)).not.toBe(before)
    await section.getByRole('checkbox', { name: 'P3' }).uncheck()
    await expect.poll(() => textOf(totals)).toMatch(/P3 0 P4 [1-9]/)
    expect(await section.getByLabel('P4 from').inputValue()).toBe('0')
    await section.getByLabel('Model').selectOption('torchvision')
    expect(await textOf(section)).toMatch(/torchvision R50.* 800 × 1066|1066 × 800/)
    await expect
      .poll(async () => (await window.host.settings.all())['xray.model'])
      .toMatchObject({ input: { shortSide: 800 } })
    await page.reload()
    await regions(window).totals.waitFor()
    expect(await textOf(regions(window).section)).toContain('torchvision R50')
  })
})

test('the numbers shown are those of a real training step', async () => {
  const window = await withXray()
  const shown = /Positive locations (\d+) of/.exec(await textOf(window.totals))![1]
  const { host } = window
  const [image] = host.project.images.list(host.project.find('')).slice(0, 1)
  const labels = await window.stored()
  const data: EngineData = {
    categories: host.project.classes.all().map(({ id, name }) => ({ id, name })),
    images: [
      {
        id: image!.id,
        path: join(host.project.imageRoot, image!.path),
        width: image!.width,
        height: image!.height,
        boxes: Float64Array.from(labels.flatMap(({ box }) => box)),
        categories: Int32Array.from(labels, ({ classId }) => classId),
        crowds: Uint8Array.from(labels, ({ crowd }) => (crowd ? 1 : 0)),
        areas: new Float64Array(labels.length).fill(1),
      },
    ],
  }
  const still = {
    hflip: 0,
    vflip: 0,
    mosaic: 0,
    scale: [1, 1] as [number, number],
    placement: 'corner' as const,
  }
  const out = mkdtempSync(join(tmpdir(), 'fcos-step-'))
  const engine = await startEngine({ fastMath: false })
  const positives: number[] = []
  try {
    await engine.call(
      {
        method: 'train',
        out,
        weights: null,
        architecture: 'lite0',
        data,
        validation: null,
        options: {
          training: { steps: 1, batch: 1, accumulate: 1, size: 416, augment: still },
          model: { head: { channels: 16, groups: 4, depth: 1 } },
        },
        resume: false,
      },
      (event) => event.kind === 'step' && positives.push(event.positives),
    )
  } finally {
    await engine.close()
    rmSync(out, { recursive: true })
  }
  expect(positives.map(String)).toEqual([shown])
})
