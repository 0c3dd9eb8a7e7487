/** Training as a user sees it, with the real engine: planned, watched, steered, compared. */
import AxeBuilder from '@axe-core/playwright'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser, openWindow } from '../support/window.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

/** Enough to click in between, few enough to wait for. */
const STEPS = 30

async function accessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  expect(serious.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
}

/** Plans a run that takes seconds. */
async function plan(page: Page, steps: number): Promise<void> {
  await page.getByRole('button', { name: 'New run' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'New training run' })
  const set = async (label: string, value: number): Promise<void> => {
    await dialog.getByLabel(label, { exact: true }).fill(String(value))
    await page.keyboard.press('Tab')
  }
  const detector = dialog.getByRole('combobox', { name: 'Detector' })
  const masks = dialog.getByLabel(/Only locations inside an outline learn its object: 227 of 227/)
  await masks.check()
  await expect.poll(() => masks.isChecked()).toBe(true)
  await detector.selectOption('retinanet')
  await masks.waitFor({ state: 'detached' })
  await dialog.getByText(/Nine anchor boxes .* Starts from an ImageNet backbone/).waitFor()
  await dialog.getByRole('combobox', { name: 'Where' }).selectOption('ray')
  await dialog.getByLabel('Address').fill('ray+http://127.0.0.1:9')
  await dialog.getByLabel('Folder that the cluster sees too').fill('/tmp')
  await page.keyboard.press('Tab')
  await dialog.getByText('retinanet has no PyTorch program yet, only fcos has').first().waitFor()
  expect(await dialog.getByRole('button', { name: 'Start training' }).isDisabled()).toBe(true)
  await dialog.getByRole('combobox', { name: 'Where' }).selectOption('engine')
  await set('Input size, px', 128)
  await set('Steps', steps)
  await dialog.getByText('More settings').click()
  await set('Evaluate every (0: at the end), steps', 15)
  await set('Save every, steps', 5)
}

test('a short run on the sample: curves move, paused, resumed, stopped, renamed, compared, deleted', async () => {
  const window = await openWindow(browser)
  const { page, host } = window
  const status = page.getByRole('status')
  const button = (name: string) => page.getByRole('button', { name, exact: true })
  await page.keyboard.press('Alt+3')
  await plan(page, STEPS)
  await page.getByText(/^About \d/).waitFor()
  await page.getByRole('dialog').getByRole('row', { name: 'die 76 31' }).waitFor()
  await accessible(page)
  await button('Start training').click()

  const row = page.getByRole('list', { name: 'Training runs' }).getByRole('listitem').first()
  await page.getByText(/step [1-9]\d* of 30 /).waitFor()
  await page.getByRole('list', { name: 'Running jobs' }).getByText('Train Run').waitFor()
  await button('Pause').click()
  await status.filter({ hasText: 'Paused' }).waitFor()
  const run = host.runs.list()[0]!
  expect(run.state).toBe('paused')
  expect(run.detector).toBe('retinanet')
  const losses = page.getByRole('img', { name: /^Losses: all, \d+ points/ })
  expect(await losses.getAttribute('aria-label')).toContain(`all, ${run.step} points`)
  await page
    .getByRole('img', { name: /detections at step/ })
    .first()
    .waitFor()
  await accessible(page)

  await button('Continue').click()
  await button('Stop').click()
  await status.filter({ hasText: 'Stopped' }).waitFor()
  await button('Resume').click()
  await status.filter({ hasText: /^Done/ }).waitFor()
  await page.getByRole('img', { name: `Losses: all, ${STEPS} points` }).waitFor()
  await page.getByRole('img', { name: /^Average precision: AP, 2 points/ }).waitFor()
  const steps = page.getByRole('slider', { name: 'Step', exact: true })
  await steps.press('Home')
  await page
    .getByRole('img', { name: /detections at step 1$/ })
    .first()
    .waitFor()

  await button('Use this model').click()
  await page.getByText('is now the model in use').waitFor()
  await button('Rename').click()
  await page.getByRole('textbox', { name: 'Name' }).fill('Short')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Short' }).waitFor()

  await button('Fine-tune').click()
  expect(await page.getByLabel('Starts from').locator('option:checked').innerText()).toContain('Short')
  await button('Cancel').click()
  await page.getByLabel('Compare Short').check()
  await row.waitFor()

  await button('Delete').click()
  await button('Cancel').click()
  await button('Delete').click()
  await button('Delete run').click()
  await expect.poll(() => host.runs.list().some(({ id }) => id === run.id)).toBe(false)
  await expect.poll(() => row.filter({ hasText: 'Short' }).count()).toBe(0)
  expect(window.faults).toEqual([])
})
