/** Export in a real browser: what the window writes, another project reads. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import AxeBuilder from '@axe-core/playwright'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { labelsByFile } from '../support/labels-by-file.ts'
import { scratch } from '../support/scratch.ts'
import { connect, ended } from '../support/studio.ts'
import { launchBrowser, openWindow } from '../support/window.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

async function goToExport(page: Page): Promise<void> {
  await page.keyboard.press('Alt+5')
  await page.getByRole('heading', { name: 'Labels' }).waitFor()
}

/** Answers the chooser. */
async function exportTo(page: Page, folder: string, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Export labels…' }).click()
  await page.getByLabel('Folder', { exact: true }).fill(folder)
  await page.keyboard.press('Enter')
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByRole('button', { name: 'Export here' }).click()
}

test('the sample leaves as YOLO and is the same in another project', async () => {
  const { page, host, faults } = await openWindow(browser)
  const wanted = labelsByFile(host.project)
  const folder = await scratch()
  await goToExport(page)
  await page.getByRole('radio', { name: /^YOLO/ }).check()
  await page.getByLabel('Copy the images into the export').check()
  const preview = page.getByRole('region', { name: 'Outcome' })
  await preview.getByText('64, and 60 images').waitFor()
  expect(await preview.getByText('category ids (they count from 0 in the same order)').isVisible()).toBe(true)
  await exportTo(page, folder, 'sample-yolo')
  const done = page.getByRole('status').filter({ hasText: join(folder, 'sample-yolo') })
  await done.waitFor()
  expect(await done.innerText()).toContain('314 boxes of 60 images in 64 files, with 60 images.')

  // The place and what was chosen in it are remembered.
  await page.reload()
  await page.getByRole('radio', { name: /^YOLO/, checked: true }).waitFor()
  expect(faults).toEqual([])

  const client = connect(host)
  await client.call('project.create', { folder: await scratch(), imageRoot: join(folder, 'sample-yolo') })
  for (const job of await client.call('jobs.list', {})) await ended(client, { job: job.id })
  const path = join(folder, 'sample-yolo')
  expect((await ended(client, await client.call('project.import', { path, dryRun: false }))).error).toBeNull()
  const found = labelsByFile(host.project)
  expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort())
  for (const [file, boxes] of wanted) {
    expect(found.get(file)).toEqual(
      boxes.map(({ name, box }) => ({ name, box: box.map((value) => expect.closeTo(value, 5)) })),
    )
  }
  expect(host.summary()!.bySplit).toMatchObject({ train: 44, val: 16 })
})

test('files in the way are replaced only when the user says so; a wrong filter is told', async () => {
  const { page } = await openWindow(browser)
  const folder = await scratch()
  writeFileSync(join(folder, 'annotations.json'), 'mine')
  await goToExport(page)
  await page.getByLabel('Filter images').fill('split:nowhere')
  await page.getByRole('alert').filter({ hasText: 'nowhere' }).waitFor()
  expect(await page.getByRole('button', { name: 'Export labels…' }).isDisabled()).toBe(true)
  await page.getByRole('button', { name: /^Validation/ }).click()
  await page.getByRole('region', { name: 'Outcome' }).getByText('16, 1 of them without boxes').waitFor()
  await exportTo(page, folder, '.')
  await page.getByRole('button', { name: 'Replace them' }).waitFor()
  expect(readFileSync(join(folder, 'annotations.json'), 'utf8')).toBe('mine')
  await page.getByRole('button', { name: 'Replace them' }).click()
  await page.getByRole('status').filter({ hasText: 'of 16 images' }).waitFor()
  expect(JSON.parse(readFileSync(join(folder, 'annotations.json'), 'utf8')).images).toHaveLength(16)
  expect(readdirSync(folder)).toEqual(['annotations.json'])
})

test.each(['dark', 'light'])('axe finds nothing in the %s theme', async (theme) => {
  const { page, host } = await openWindow(browser)
  host.settings.set('theme', theme)
  // Colours halfway between two states are nobody's choice.
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.reload()
  await page.getByLabel('Canvas').waitFor()
  await goToExport(page)
  for (const name of ['Labels', 'Detections', 'Model', 'Report']) {
    await page.getByRole('tab', { name: new RegExp(`^${name}`) }).click()
    await page.getByRole('tabpanel', { name: new RegExp(`^${name}`) }).waitFor()
    if (name === 'Labels') await page.locator('button:enabled', { hasText: 'Export labels…' }).waitFor()
    const { violations } = await new AxeBuilder({ page }).include('#export-panel').include('.tabs').analyze()
    expect(violations.map(({ id, nodes }) => `${name}: ${id}: ${nodes[0]!.html}`)).toEqual([])
  }
})
