/**
 * The whole story in the window, on the bundled sample and with the real engine: label, see what will be learnt, train,
 * detect, decide, evaluate, fix, train again, and carry the labels elsewhere.
 */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { count } from '../../src/renderer/ui/numbers.ts'
import { labelsByFile } from '../support/labels-by-file.ts'
import { scratch } from '../support/scratch.ts'
import { SAMPLE } from '../support/studio.ts'
import { launchBrowser, openWindow, type StudioWindow } from '../support/window.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

/** The model's input in px: small, for speed. */
const SIZE = 192
const STEPS = 30
/** Images of the sample's validation split. */
const VALIDATION = 16

/** Plans in the dialog that is open, starts, waits for the end, and sees the run's AP. */
async function train({ page, host }: StudioWindow, steps: number): Promise<void> {
  const dialog = page.getByRole('dialog', { name: 'New training run' })
  await dialog.getByLabel('Input size, px').fill(String(SIZE))
  await dialog.getByLabel('Steps', { exact: true }).fill(String(steps))
  await dialog.getByRole('button', { name: 'Start training' }).click()
  await dialog.waitFor({ state: 'hidden' })
  await page
    .getByText(new RegExp(`step [1-9]\\d* of ${steps}\\b`))
    .first()
    .waitFor()
  await page
    .getByRole('status')
    .filter({ hasText: /^(Done|Failed|Interrupted)$/ })
    .waitFor()
  const [run] = host.runs.list()
  expect(run).toMatchObject({ state: 'done', step: steps, steps, size: SIZE })
  expect(run!.best!.ap).toBeGreaterThanOrEqual(0)
  const ap = run!.best!.ap.toFixed(3)
  await page.getByRole('button', { name: new RegExp(`^${run!.name} .*AP ${ap}`) }).waitFor()
}

test('from the first box to a better model, and the labels to another project', async () => {
  const window = await openWindow(browser, { project: null })
  const { page, host, press, choose } = window
  const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true })

  // The sample: labelled, and with a model that was trained on it.
  await button(/^Open the sample/).click()
  await page.getByLabel('Canvas').waitFor()
  const [trained, ...others] = host.runs.list()
  expect(others).toEqual([])
  const given = labelsByFile(host.project)

  // A box, and what the model would learn from it.
  await press('r', '3')
  await window.drag([440, 85], [600, 140])
  const drawn = (await window.stored()).at(-1)!
  expect(drawn).toMatchObject({ source: 'drawn', classId: host.project.classes.all()[2]!.id })
  await press('x')
  const share = page.getByRole('region', { name: 'Share of box 4 (pawn)' })
  await share.getByText(/^[1-9]\d* locations$/).waitFor()
  await share.getByText(/^Mean centerness\s*0\.\d{3}$/).waitFor()
  await press('x')

  // Thirty steps of a small model.
  await page.keyboard.press('Alt+3')
  await button('New run').click()
  await train(window, STEPS)
  const [run] = host.runs.list()
  expect(run!.id).not.toBe(trained!.id)
  await page.getByRole('img', { name: `Losses: all, ${STEPS} points` }).waitFor()
  await page.getByRole('img', { name: /^Average precision: AP, 1 point/ }).waitFor()

  // What it sees in the images that it has not learnt from.
  await button('Use this model').click()
  await page.getByText(`${run!.name} is now the model in use`).waitFor()
  await page.keyboard.press('Alt+1')
  await press('/')
  await page.keyboard.type('split:val')
  await page.getByRole('heading', { name: `${VALIDATION} images` }).waitFor()
  await press('Shift+m')
  const detecting = page.getByRole('dialog', { name: `Detect with ${run!.name}` })
  await detecting.getByRole('slider', { name: 'Minimum score' }).fill('0.05')
  await detecting.getByRole('button', { name: 'Detect', exact: true }).click()
  await page.getByText(`proposals in ${VALIDATION} images`).waitFor()
  const proposed = host.summary()!.proposals

  // One is right, one is not; neither was a label before.
  const all = host.project.annotations.of(drawn.imageId).length
  await page.getByRole('application', { name: `with ${all} objects` }).waitFor()
  const before = host.summary()!.labels
  await press('j', 'y')
  const accepted = (await window.stored()).filter(({ source }) => source === 'accepted')
  expect(accepted).toHaveLength(1)
  await press('n')
  await window.stored()
  expect(host.project.annotations.rejections(drawn.imageId)).toHaveLength(1)
  expect(host.summary()).toMatchObject({ labels: before + 1, proposals: proposed - 2 })

  // Held against the labels of these images: the drawn and the accepted one are among them.
  await page.keyboard.press('Alt+4')
  await button('Evaluate…').click()
  const asking = page.getByRole('dialog', { name: 'Evaluate' })
  await asking.getByLabel('Model').selectOption({ label: `${run!.name} (in use)` })
  await asking.getByRole('button', { name: 'Evaluate', exact: true }).click()
  // The sample came with an evaluation; the new one stands before it.
  await expect.poll(async () => (await host.evaluations.list()).length).toBe(2)
  const [evaluation] = await host.evaluations.list()
  const shown = page.getByLabel('Evaluation', { exact: true })
  await expect.poll(() => shown.inputValue()).toBe(evaluation!.id)
  const validation = host.project.find('split:val')
  expect(evaluation!.objects).toBe(
    host.project.annotations
      .ofImages(validation)
      .flat()
      .filter(({ source }) => source !== 'proposed').length,
  )
  await page.getByText(evaluation!.stats[0]!.toFixed(3), { exact: true }).first().waitFor()

  // From a detection that is wrong to its place on the canvas; the label there goes, and on with the next.
  const list = page.getByRole('complementary', { name: 'Findings' })
  await list.getByRole('slider', { name: 'Minimum score' }).fill('0')
  await list.getByLabel('Kind').selectOption({ label: 'Poor localisation' })
  const mistakes = await host.evaluations.call('evaluation.findings', {
    ...{ evaluation: evaluation!.id, ranking: 'score', classId: null, sort: 'score', offset: 0, limit: 2 },
    of: { kind: 'falsePositives', type: 'localisation', score: 0 },
  })
  await list.getByRole('heading', { name: `Poor localisation ${count(mistakes.total)}` }).waitFor()
  await page.locator('[data-finding="0"]').press('Enter')
  const round = page.getByRole('group', { name: 'Findings' })
  await round.getByText(`1 / ${count(mistakes.total)}`).waitFor()
  const { imageId, object } = mistakes.findings[0]!
  const isThere = () => host.project.annotations.of(imageId).some(({ id }) => id === object!.annotationId)
  await window.stored()
  expect(isThere()).toBe(true)
  await press('Delete')
  await expect.poll(isThere).toBe(false)
  await press('e')
  await round.getByText(`2 / ${count(mistakes.total)}`).waitFor()
  await press('b')
  await list.locator('[data-finding="2"]:focus').waitFor()
  await page.getByText('Labels of 1 image have changed since').waitFor()

  // On from the model that came with the sample, with the labels as they are now.
  await page.keyboard.press('Alt+3')
  await button(new RegExp(`^${trained!.name} `)).click()
  await button('Fine-tune').click()
  await train(window, 4)
  expect(host.runs.list()[0]!.from).toContain(trained!.name)

  // The labels leave as COCO, and are the same in a project elsewhere.
  const folder = await scratch()
  await cp(join(SAMPLE, 'images'), join(folder, 'moved'), { recursive: true })
  const wanted = labelsByFile(host.project)
  expect(wanted).not.toEqual(given)
  const boxes = [...wanted.values()].flat().length
  expect(host.summary()!.labels).toBe(boxes)
  await page.keyboard.press('Alt+5')
  await button('Export labels…').click()
  await choose('Export here', folder, { name: 'coco' })
  await page
    .getByRole('status')
    .filter({ hasText: `${boxes} boxes of 60 images` })
    .waitFor()
  await page.keyboard.press('Control+o')
  await choose('Open', join(folder, 'moved'))
  await page.getByRole('heading', { name: '60 images' }).waitFor()
  await page.keyboard.press('Control+i')
  await choose('Preview', join(folder, 'coco'), { entry: 'annotations.json' })
  await page.getByRole('dialog', { name: 'Import labels' }).getByText(`${boxes} to add`).waitFor()
  await button('Import').click()
  await page.getByText(`Imported ${boxes} objects in 60 images`).waitFor()
  const found = labelsByFile(host.project)
  expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort())
  for (const [file, labels] of wanted) {
    expect(found.get(file)).toEqual(
      labels.map(({ name, box }) => ({ name, box: box.map((value) => expect.closeTo(value, 5)) })),
    )
  }
  expect(window.faults).toEqual([])
})
