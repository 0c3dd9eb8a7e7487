/** Import of labels in a real browser: what is not clear is asked, and no image without a file comes in unasked. */
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createProject } from '../../src/main/studio/project/project.ts'
import { scanImages } from '../../src/main/studio/project/scan.ts'
import { coco, labelMe, vocXml } from '../support/labels.ts'
import { lay, scratch } from '../support/scratch.ts'
import { launchBrowser, openWindow } from '../support/window.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

test('of labels in two formats one is chosen; images whose files are elsewhere come in when told', async () => {
  const folder = await scratch()
  await lay(folder, {
    'a.jpg': [64, 48],
    'a.xml': vocXml('dog'),
    'labels.json': coco(['a.jpg', 'gone.jpg', 'away.jpg']),
  })
  const project = await createProject(folder)
  await scanImages(project)
  project.classes.add('cat')
  project.close()
  const { page, host, faults, choose } = await openWindow(browser, { project: folder })
  const preview = async () => {
    await page.keyboard.press('Control+i')
    await choose('Preview', folder)
  }
  await preview()
  const dialog = page.getByRole('dialog', { name: 'Import labels' })
  await dialog.getByText('Labels in several formats were found here. Which of them?').waitFor()
  expect(await dialog.getByRole('button', { name: 'Import', exact: true }).isDisabled()).toBe(true)

  await dialog.getByRole('radio', { name: /^COCO/ }).check()
  await dialog.getByText('1 to add').waitFor()
  expect(await dialog.innerText()).toMatch(/gone\.jpg: skipped, there is no such image file/)

  await dialog.getByLabel('Keep 2 images whose files are elsewhere').check()
  await dialog.getByText('3 to add').waitFor()
  await dialog.getByLabel('Keep 2 images whose files are elsewhere').uncheck()
  await dialog.getByText('1 to add').waitFor()
  await dialog.getByRole('radio', { name: /^Pascal VOC/ }).check()
  await dialog.getByText('dog', { exact: true }).waitFor()
  await dialog.getByRole('button', { name: 'Import', exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
  expect(host.project.images.count()).toBe(1)
  expect(faults).toEqual([])
  expect(
    host.project.classes
      .all()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['cat', 'dog'])

  await preview()
  await dialog.getByRole('radio', { name: /^COCO/ }).check()
  await dialog.getByLabel('Keep 2 images whose files are elsewhere').check()
  await dialog.getByText('3 to add').waitFor()
  await dialog.getByRole('button', { name: 'Import', exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
  expect(host.project.images.count()).toBe(3)
})

test('labels that lie in the folder are offered: one click takes them, a refusal holds until they change', async () => {
  const folder = await scratch()
  await lay(folder, { 'images/a.jpg': [64, 48], 'annots/a.xml': vocXml('dog') })
  const { page, host, faults } = await openWindow(browser, { project: folder })
  const banner = page.getByRole('region', { name: 'Labels found' })
  await expect.poll(() => banner.innerText()).toMatch(/Found 1 Pascal VOC file in annots/)
  await banner.getByRole('button', { name: 'Import 1 box' }).click()
  await banner.waitFor({ state: 'detached' })
  expect(host.project.annotations.of(1)).toMatchObject([{ box: [1, 2, 30, 40], source: 'imported' }])

  // Others appear while the window is open; the user comes back to it.
  await lay(folder, { 'boxes.csv': 'image,xmin,ymin,xmax,ymax,label\nimages/a.jpg,5,5,20,20,cat\n' })
  await page.keyboard.press('F5')
  await banner.getByRole('button', { name: 'Import 1 box' }).waitFor()
  expect(await banner.innerText()).toMatch(/the CSV file boxes\.csv/)
  await banner.getByRole('button', { name: 'Not now' }).click()
  await banner.waitFor({ state: 'detached' })
  await page.reload()
  await page.getByLabel('Canvas').waitFor()
  await lay(folder, { 'more.csv': 'image,xmin,ymin,xmax,ymax,label\nimages/a.jpg,6,6,20,20,cat\n' })
  await page.evaluate(`window.dispatchEvent(new Event('focus'))`)
  await expect
    .poll(async () => (await banner.count()) > 0 && banner.innerText(), { timeout: 60_000 })
    .toMatch(/more\.csv/)
  expect(await banner.innerText()).not.toMatch(/boxes\.csv/)

  // Of several, one is chosen.
  await lay(folder, { 'labelme/a.json': labelMe('a.jpg', 'bird') })
  await page.keyboard.press('F5')
  await banner.getByRole('button', { name: 'Choose…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Import labels' })
  await dialog.getByRole('radio', { name: /^LabelMe labelme/ }).check()
  await dialog.getByText('1 to add').waitFor()
  await dialog.getByRole('button', { name: 'Import', exact: true }).click()
  await banner.getByRole('button', { name: 'Import 1 box' }).waitFor()
  expect(await banner.innerText()).toMatch(/more\.csv/)
  expect(faults).toEqual([])
})
