import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import AxeBuilder from '@axe-core/playwright'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dispatch } from '../../src/main/studio/api/dispatch.ts'
import { perturbedResults } from '../support/perturbed-results.ts'
import { scratch } from '../support/scratch.ts'
import { SAMPLE } from '../support/studio.ts'
import { launchBrowser, openWindow, type StudioWindow } from '../support/window.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

/** Results of a detector on the sample's validation images, in a folder of their own. */
async function resultsFolder(): Promise<string> {
  const folder = join(await scratch(), 'results')
  mkdirSync(folder)
  const labels = JSON.parse(readFileSync(join(SAMPLE, 'val.json'), 'utf8'))
  for (const [name, seed] of [
    ['first', 1],
    ['second', 2],
  ] as const) {
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(perturbedResults(labels, seed)))
  }
  return folder
}

async function evaluate(page: Page, folder: string, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Evaluate…' }).click()
  await page.getByRole('button', { name: 'Choose a checkpoint or COCO results…' }).click()
  const picker = page.getByRole('dialog', { name: 'Choose a checkpoint or COCO results' })
  await picker.getByLabel('Folder', { exact: true }).fill(folder)
  await page.keyboard.press('Enter')
  await picker.getByText(name).click()
  await picker.getByRole('button', { name: 'Choose', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Evaluate', exact: true }).click()
  await page.getByLabel('Evaluation', { exact: true }).getByText(name).waitFor({ state: 'attached' })
}

async function evaluating(): Promise<StudioWindow & { folder: string }> {
  const window = await openWindow(browser)
  const { page } = window
  await page.getByRole('button', { name: 'Evaluate', exact: true }).click()
  const folder = await resultsFolder()
  await evaluate(page, folder, 'first.json')
  return { ...window, folder }
}

const findings = (page: Page) => page.locator('[data-finding]')

test('from a wrong detection to the canvas, fixed there, on with the next, and evaluated again', async () => {
  const { page, host, press, faults } = await evaluating()
  const [entry] = await host.evaluations.list()
  await page.getByText(entry!.stats[0]!.toFixed(3), { exact: true }).first().waitFor()

  // A click on the bar lists what is behind it, of any score.
  await page.getByRole('button', { name: /^Background: / }).click()
  await page.getByRole('heading', { name: /^Background/ }).waitFor()
  const ranked = { evaluation: entry!.id, ranking: 'score' } as const
  const expected = await host.evaluations.call('evaluation.findings', {
    ...{ ...ranked, classId: null, sort: 'score', offset: 0, limit: 100 },
    of: { kind: 'falsePositives', type: 'background', score: 0 },
  })
  await page.getByRole('heading', { name: `Background ${expected.total}` }).waitFor()
  const [first, second] = expected.findings
  expect(await findings(page).first().textContent()).toContain(first!.detected!.score.toFixed(2))

  // Enter opens it on the canvas; T makes the detection a label.
  await findings(page).first().focus()
  await page.keyboard.press('Enter')
  await page.getByRole('group', { name: 'Findings' }).getByText(`1 / ${expected.total}`).waitFor()
  await page.locator('[role="application"][aria-busy="false"]').waitFor()
  const before = host.project.annotations.of(first!.imageId)
  await press('t')
  await expect.poll(() => host.project.annotations.of(first!.imageId).length).toBe(before.length + 1)
  const added = host.project.annotations.of(first!.imageId).at(-1)!
  expect(added.box).toEqual(first!.detected!.box)
  expect(added.classId).toBe(first!.detected!.classId)

  // E is the next one in the same order; B goes back to the one after it.
  await press('e')
  await page.getByRole('group', { name: 'Findings' }).getByText(`2 / ${expected.total}`).waitFor()
  const opened = host.project.images.get(second!.imageId)!
  await page.getByLabel(`Image ${opened.path} with`, { exact: false }).waitFor()
  await press('b')
  await expect.poll(() => page.evaluate('document.activeElement.dataset.finding')).toBe('2')

  await page.getByText('Labels of 1 image have changed since').waitFor()
  const kept = (await host.evaluations.list()).length
  await page.getByRole('button', { name: 'Evaluate again' }).click()
  await expect.poll(async () => (await host.evaluations.list()).length).toBe(kept + 1)
  const [again] = await host.evaluations.list()
  expect(again!.objects).toBe(entry!.objects + 1)
  expect(faults).toEqual([])
})

test('a missed object is selected on the canvas, where Delete takes its label away', async () => {
  const { page, host, press } = await evaluating()
  const [entry] = await host.evaluations.list()
  await page.getByRole('button', { name: /^Missed: / }).click()
  const { findings: missed } = await host.evaluations.call('evaluation.findings', {
    ...{ evaluation: entry!.id, ranking: 'score', classId: null, sort: 'score', offset: 0, limit: 1 },
    of: { kind: 'falseNegatives', type: 'missed', score: 0 },
  })
  const { imageId, object } = missed[0]!
  await page.getByRole('heading', { name: /^Missed/ }).waitFor()
  await findings(page).first().click()
  await page.locator('[role="application"][aria-busy="false"]').waitFor()
  await page.getByRole('group', { name: 'Findings' }).getByText('Missed: ').waitFor()
  await press('Delete')
  const ids = () => host.project.annotations.of(imageId).map(({ id }) => id)
  await expect.poll(ids).not.toContain(object!.annotationId)
})

test('findings of an image that was removed say so, and open nothing', async () => {
  const { page, host, faults } = await evaluating()
  await findings(page).first().waitFor()
  const [entry] = await host.evaluations.list()
  const ranked = { evaluation: entry!.id, ranking: 'score' } as const
  const shown = await host.evaluations.call('evaluation.findings', {
    ...{ ...ranked, classId: null, sort: 'score', offset: 0, limit: 1 },
    of: { kind: 'falsePositives', type: null, score: 0.3 },
  })
  await dispatch(host, 'images.remove', { ids: [shown.findings[0]!.imageId] })
  await page.getByRole('button', { name: 'Annotate', exact: true }).click()
  await page.getByRole('button', { name: 'Evaluate', exact: true }).click()
  await page.getByText('1 image was removed from the project since this evaluation.').waitFor()
  const tile = findings(page).first()
  await tile.getByText('Image removed').waitFor()
  // Playwright would wait for what is marked as disabled.
  await tile.click({ force: true })
  await page.getByRole('complementary', { name: 'Findings' }).waitFor()
  expect(await page.getByRole('group', { name: 'Findings' }).count()).toBe(0)
  expect(faults).toEqual([])
})

test('cells, points and classes list their boxes; two evaluations stand side by side', async () => {
  const { page, host, folder, faults } = await evaluating()
  const total = page.locator('aside[aria-label="Findings"] h2')
  const { counts } = await host.evaluations.call('evaluation.confusion', {
    ...{ evaluation: (await host.evaluations.list())[0]!.id, ranking: 'score', score: 0.3, iou: 0.5 },
  })
  await page.getByRole('button', { name: /^labelled die, detected die: / }).click()
  await expect.poll(() => total.textContent()).toBe(`die → die ${counts[0]![0]}`)
  await page.getByRole('row', { name: /^pawn/ }).getByRole('button', { name: 'pawn' }).click()
  await expect.poll(() => total.textContent()).toMatch(/^Wrong detections: pawn \d+$/)
  await page.getByRole('slider', { name: /^Score against IoU/ }).focus()
  await page.keyboard.press('End')
  await page.keyboard.press('Enter')
  await expect.poll(() => total.textContent()).toMatch(/^Score about 0\.\d+, IoU about \d\.\d+ \d+$/)

  await evaluate(page, folder, 'second.json')
  await page.getByLabel('Compare with').selectOption({ index: 1 })
  await page.getByText(/In colour: the difference to first\.json/).waitFor()
  expect(faults).toEqual([])
})

test.each(['dark', 'light'])('axe finds nothing serious in the %s theme', async (theme) => {
  const { page, host } = await evaluating()
  host.settings.set('theme', theme)
  await page.reload()
  await page.getByRole('button', { name: 'Evaluate', exact: true }).click()
  await findings(page).first().waitFor()
  const { violations } = await new AxeBuilder({ page }).analyze()
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  expect(
    serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`),
  ).toEqual([])
})

test('a file that cannot be evaluated is told, and nothing is kept', async () => {
  const { page, host, folder } = await evaluating()
  const before = (await host.evaluations.list()).length
  writeFileSync(join(folder, 'broken.json'), '[{"image_id"')
  await page.getByRole('button', { name: 'Evaluate…' }).click()
  await page.getByRole('button', { name: 'Choose a checkpoint or COCO results…' }).click()
  const picker = page.getByRole('dialog', { name: 'Choose a checkpoint or COCO results' })
  await picker.getByLabel('Folder', { exact: true }).fill(folder)
  await page.keyboard.press('Enter')
  await picker.getByText('broken.json').click()
  await picker.getByRole('button', { name: 'Choose', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Evaluate', exact: true }).click()
  await page.getByRole('alert').filter({ hasText: 'broken.json' }).first().waitFor()
  expect((await host.evaluations.list()).length).toBe(before)
})
