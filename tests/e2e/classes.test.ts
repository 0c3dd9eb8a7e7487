/** Classes in a real browser: the first is named where it is drawn, many are added, found and chosen. */
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lay, scratch } from '../support/scratch.ts'
import { launchBrowser, openWindow } from '../support/window.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

test('the first box asks what it is; classes are added in a row or as a list, found and chosen by name', async () => {
  const folder = await scratch()
  await lay(folder, { 'a.jpg': [640, 480] })
  const { page, host, faults, press, drag, place, stored } = await openWindow(browser, { project: folder })
  const names = () => host.project.classes.all().map(({ name }) => name)
  const classOf = async (at: number) => names()[host.project.classes.all().findIndex((one) => one.id === at)]

  await page.getByRole('button', { name: /a\.jpg/ }).waitFor()
  await drag([200, 200], [400, 400])
  const first = page.getByLabel('Name of the first class')
  await first.waitFor()
  expect(await page.evaluate('getSelection().toString()')).toBe('object')
  await page.keyboard.type('die')
  await page.keyboard.press('Enter')
  await expect.poll(names).toEqual(['die'])

  await page.getByRole('button', { name: 'Add class', exact: true }).click()
  const field = page.getByLabel('Name of the new class')
  for (const name of ['marble', 'pawn']) {
    await field.fill(name)
    await page.keyboard.press('Enter')
    await expect.poll(() => field.inputValue()).toBe('')
  }
  await field.focus()
  await page.evaluate(`{
    const clipboardData = new DataTransfer()
    clipboardData.setData('text', 'king\\nqueen\\nrook\\nbishop\\nknight\\ncoin\\ncard\\nkey\\npawn')
    const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })
    document.activeElement.dispatchEvent(event)
  }`)
  await expect.poll(() => names().length).toBe(11)
  await page.getByText('Already there: pawn').waitFor()
  await field.press('Escape')

  // By a right click, by C, and by its number in the palette.
  const { x, y } = await place([200, 200])
  await page.mouse.click(x, y, { button: 'right' })
  const picker = page.getByRole('dialog', { name: 'Choose class' })
  await picker.getByRole('button', { name: /^Duplicate/ }).waitFor()
  await page.keyboard.type('que')
  await page.keyboard.press('Enter')
  await expect.poll(async () => classOf((await stored())[0]!.classId)).toBe('queen')
  await press('c')
  await picker.waitFor()
  await page.keyboard.type('dragon')
  await page.keyboard.press('Enter')
  await expect.poll(async () => classOf((await stored())[0]!.classId)).toBe('dragon')
  await press('Control+k')
  await page.keyboard.type('11')
  await page.getByRole('option', { name: /Class 11: key/ }).waitFor()
  await page.keyboard.press('Enter')
  await expect.poll(async () => classOf((await stored())[0]!.classId)).toBe('key')

  // A double click renames, and changes no box on its way.
  const classes = page.getByRole('region', { name: 'Classes' })
  await classes.getByRole('button', { name: /^rook/ }).dblclick()
  await page.getByLabel('New name of rook').fill('tower')
  await page.keyboard.press('Enter')
  await expect.poll(names).toContain('tower')
  expect(await classOf((await stored())[0]!.classId)).toBe('key')
  await classes.getByRole('button', { name: /^tower/ }).click({ button: 'right' })
  await page.getByRole('menuitem', { name: 'Show only images with this class' }).click()
  await expect.poll(() => page.getByLabel('Filter images').inputValue()).toBe('class:"tower"')
  await page.getByRole('button', { name: 'Clear filter' }).first().click()
  await classes.getByLabel('Find a class').fill('kni')
  await expect.poll(() => classes.getByRole('listitem').count()).toBe(1)
  await classes.getByRole('button', { name: /^knight/ }).click({ button: 'right' })
  await page.getByRole('menuitem', { name: 'Delete class and its labels' }).click()
  await expect.poll(names).not.toContain('knight')
  expect(faults).toEqual([])
})

test('many images are changed and removed at once, undone as one step, and come back on request', async () => {
  const folder = await scratch()
  await lay(folder, Object.fromEntries(['a', 'b', 'c', 'd'].map((name, i) => [`${name}.jpg`, [64, 48 + i]])))
  const { page, host, faults, press } = await openWindow(browser, { project: folder })
  const row = (name: string) => page.getByRole('button', { name: new RegExp(`${name}\\.jpg`) })
  const states = () =>
    host.project.images.list(host.project.find('')).map(({ path, state }) => `${path} ${state}`)
  await row('d').waitFor()
  await row('b').click()
  await row('d').click({ modifiers: ['Shift'] })
  const bar = page.getByRole('region', { name: 'Selected images' })
  await bar.getByText('3 images selected').waitFor()
  await row('c').click({ modifiers: ['ControlOrMeta'] })
  await bar.getByRole('button', { name: 'State of the selected images' }).click()
  await page.getByRole('menuitem', { name: 'Mark as done', exact: false }).first().click()
  await expect.poll(states).toEqual(['a.jpg new', 'b.jpg done', 'c.jpg new', 'd.jpg done'])

  await bar.getByRole('button', { name: 'Remove' }).click()
  await expect.poll(states).toEqual(['a.jpg new', 'c.jpg new'])
  await bar.waitFor({ state: 'detached' })
  await expect
    .poll(() => page.getByLabel('Canvas').getByRole('application').getAttribute('aria-label'))
    .toMatch(/c\.jpg/)
  await page.getByRole('button', { name: 'Undo', exact: true }).last().click()
  await expect.poll(states).toHaveLength(4)

  await row('a').click()
  await page.getByRole('button', { name: /a\.jpg/ }).click({ button: 'right' })
  await page.getByRole('menuitem', { name: /Remove from project/ }).click()
  await expect.poll(states).toHaveLength(3)
  await press('F5')
  await expect.poll(() => host.summary()!.removed).toBe(1)
  await press('Control+k')
  await page.keyboard.type('bring back')
  await page.keyboard.press('Enter')
  await expect.poll(states).toHaveLength(4)
  expect(faults).toEqual([])
})
