/** What stays when somebody goes on: keys after a control was used, and nothing of the project before. */
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { scratch } from '../support/scratch.ts'
import { SAMPLE } from '../support/studio.ts'
import { launchBrowser, openWindow } from '../support/window.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

/** The first three pictures of the list as they are seen, in the page. */
const THUMBNAILS = `Promise.all(
  [...document.querySelectorAll('img[src*="/asset/thumbnail/"]')].slice(0, 3).map(async (image) => {
    await image.decode()
    const canvas = document.createElement('canvas')
    canvas.getContext('2d').drawImage(image, 0, 0, 16, 16)
    return canvas.toDataURL()
  }),
)`

/** A folder with some of the sample's images, last first, so that the same ids are other pictures. */
async function folderOfImages(): Promise<string> {
  const folder = join(await scratch(), 'others')
  await mkdir(folder)
  const names = (await readdir(join(SAMPLE, 'images'))).toSorted().toReversed().slice(0, 5)
  for (const [i, name] of names.entries())
    await cp(join(SAMPLE, 'images', name), join(folder, `${i}-${name}`))
  return folder
}

test('keys belong to the canvas again after a dropdown, a checkbox, a number field and a button were used', async () => {
  const window = await openWindow(browser)
  const { page, host } = window
  const current = () => page.locator('[role="application"]').getAttribute('aria-label')
  const first = await current()

  await page.getByLabel('Split of this image').selectOption('val')
  await page.keyboard.press('d')
  await expect.poll(current).not.toBe(first)
  await page.keyboard.press('a')
  await expect.poll(current).toBe(first)
  await page.getByLabel('State of this image').selectOption('done')
  await expect.poll(() => page.getByLabel('State of this image').inputValue()).toBe('done')
  // These are first letters of states, too.
  await page.keyboard.press('n')
  expect(await page.getByLabel('State of this image').inputValue()).toBe('done')

  await window.press('r')
  await window.drag([20, 30], [120, 90])
  await window.press('v')
  await window.click([40, 50])
  const width = page.getByRole('spinbutton', { name: 'width' })
  await width.fill('50')
  await page.keyboard.press('Enter')
  await page.keyboard.press('2')
  const second = host.project.classes.all()[1]!.id
  await expect.poll(async () => (await window.stored()).at(-1)!.classId).toBe(second)
  await page.getByLabel('Difficult').check()
  await page.keyboard.press('Control+z')
  await expect.poll(async () => (await window.stored()).at(-1)!.difficult).toBe(false)

  await page.getByRole('button', { name: 'Fit image to window' }).click()
  await page.keyboard.press('x')
  await page.getByRole('group', { name: 'Levels' }).waitFor()
  // A drag is all that Ctrl+Z takes back while it lasts.
  const before = await window.stored()
  const { x, y } = await window.place([40, 50])
  await page.mouse.move(x, y)
  await page.mouse.down()
  await page.mouse.move(x + 60, y + 40, { steps: 3 })
  await page.keyboard.press('Control+z')
  await page.mouse.up()
  expect(await window.stored()).toEqual(before)
  // Nothing behind a dialog is changed.
  await page.keyboard.press('Shift+?')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Delete')
  await page.keyboard.press('Escape')
  expect(await window.stored()).toEqual(before)
  expect(window.faults).toEqual([])
})

test('another project shows its own pictures, objects, classes and filter', async () => {
  const folder = await folderOfImages()
  const window = await openWindow(browser)
  const { page } = window
  await window.press('3')
  await page.getByLabel('Filter images').fill('state:done')
  await page.getByLabel('Filter images').press('Enter')
  const thumbnails = () => page.evaluate(THUMBNAILS) as Promise<string[]>
  await page.getByLabel('Filter images').fill('')
  await expect.poll(async () => (await thumbnails()).length).toBe(3)
  const before = await thumbnails()

  await window.press('Control+o')
  await window.choose('Open', folder)
  await page.getByRole('heading', { name: '5 images' }).waitFor()
  await expect.poll(async () => (await thumbnails()).length).toBe(3)
  const after = await thumbnails()
  expect(new Set(before).size).toBe(3)
  for (const picture of after) expect(before).not.toContain(picture)
  expect(await page.getByLabel('Filter images').inputValue()).toBe('')
  expect(await page.getByRole('region', { name: 'Objects of this image' }).innerText()).not.toContain('?')
  expect(await page.getByLabel('Classes').getByRole('listitem').count()).toBe(0)
  await window.press('r')
  await window.drag([20, 30], [60, 60])
  const [drawn] = await window.stored()
  expect(window.host.project.classes.all().map(({ id, name }) => [id, name])).toEqual([
    [drawn!.classId, 'object'],
  ])
  // Thumbnails of the first project that were still on their way when it was left are no fault.
  expect(window.faults.filter((fault) => !/404.*\/asset\/thumbnail\/\d+\?studio=1$/.test(fault))).toEqual([])
})

test('a project begins in an empty folder; one without images says why it is not opened', async () => {
  const { page, host, choose, faults } = await openWindow(browser, { project: null })
  const folder = await scratch()
  await mkdir(join(folder, 'papers'))
  await writeFile(join(folder, 'papers', 'data.csv'), 'a,b')
  await mkdir(join(folder, 'empty'))
  await page.getByRole('button', { name: /^Open a folder/ }).click()
  const dialog = page.getByRole('dialog').filter({ has: page.getByLabel('Contents') })
  await dialog.getByLabel('Folder', { exact: true }).fill(join(folder, 'papers'))
  await page.keyboard.press('Enter')
  await dialog.getByText('This folder and its subfolders hold no images').waitFor()
  expect(await dialog.getByRole('button', { name: 'Open', exact: true }).isDisabled()).toBe(true)
  await choose('Open', join(folder, 'empty'))
  await page.getByText('No images yet').waitFor()
  expect(host.summary()).toMatchObject({ name: 'empty', images: 0 })
  expect(faults).toEqual([])
})
