import AxeBuilder from '@axe-core/playwright'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser, openWindow } from '../support/window.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser.close())

async function seriousFindings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)
}

describe.each(['dark', 'light'])('axe finds nothing serious in the %s theme', (theme) => {
  test('on the welcome screen', async () => {
    const { page, host } = await openWindow(browser, { project: null })
    host.settings.set('theme', theme)
    await page.reload()
    await page.getByRole('heading', { name: 'FCOS Studio' }).waitFor()
    expect(await seriousFindings(page)).toEqual([])
  })

  test('while annotating, in dialogs and menus', async () => {
    const window = await openWindow(browser)
    const { page, host } = window
    host.settings.set('theme', theme)
    await page.reload()
    await page.locator('[role="application"][aria-busy="false"]').waitFor()
    await window.press('Control+a')
    expect(await seriousFindings(page)).toEqual([])
    for (const [keys, name] of [
      ['Control+k', 'Commands'],
      ['Shift+?', 'Keyboard shortcuts'],
      ['Control+o', 'Open a folder of images, or a project'],
    ] as const) {
      await window.press(keys)
      await page.getByRole('dialog', { name }).waitFor()
      expect(await seriousFindings(page)).toEqual([])
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
    }
  })
})

test('every panel can be used by keyboard alone', async () => {
  const { page, host } = await openWindow(browser)
  /** Tabs until the element of this name has the focus. */
  const tabTo = async (name: RegExp): Promise<void> => {
    for (let i = 0; i < 120; i++) {
      await page.keyboard.press('Tab')
      const focused = await page.evaluate(
        `(({ activeElement: e }) => e.getAttribute('aria-label') ?? e.innerText ?? '')(document)`,
      )
      if (name.test(String(focused))) return
    }
    throw new Error(`No way by Tab to ${name}`)
  }
  await page.locator('[role="application"][aria-busy="false"]').waitFor()
  await tabTo(/^Project/)
  await tabTo(/^Filter images$/)
  await page.keyboard.type('class:pawn')
  await page.getByRole('heading', { name: `${host.project.find('class:pawn').length} images` }).waitFor()
  await page.keyboard.press('Enter')
  await tabTo(/^table-/)
  await tabTo(/^Width of Images$/)
  await page.keyboard.press('Enter')
  expect(await page.getByLabel('Filter images').isVisible()).toBe(false)
  await page.keyboard.press('Enter')
  await tabTo(/^Image .* objects$/)
  await tabTo(/^Add class$/)
  await page.keyboard.press('Enter')
  await page.keyboard.type('dog')
  await page.keyboard.press('Enter')
  await expect.poll(() => host.project.classes.all().map(({ name }) => name)).toContain('dog')
  await tabTo(/^(die|marble|pawn)\s+\d/)
  await page.keyboard.press('Enter')
  await page.locator('.row.selected').waitFor()
})
