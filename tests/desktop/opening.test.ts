import path from 'node:path'
import type { Page } from 'playwright'
import { describe, expect, test } from 'vitest'
import { DRIVEN, startAgain, startDesktop } from '../support/desktop.ts'
import { lay, scratch } from '../support/scratch.ts'

async function pictures(name: string): Promise<string> {
  const folder = await scratch()
  await lay(folder, { [`${name}.jpg`]: [64, 48] })
  return folder
}

/** As the file manager's: Chromium reads the file itself, and knows where it lies. */
async function drop(page: Page, file: string): Promise<void> {
  await page.evaluate(`sessionStorage.setItem('path:${path.basename(file)}', ${JSON.stringify(file)})`)
  const protocol = await page.context().newCDPSession(page)
  const data = { items: [], files: [file], dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await protocol.send('Input.dispatchDragEvent', { type, x: 200, y: 200, data })
  }
}

describe(`in ${DRIVEN}`, () => {
  test('a second start hands its folder to the first, which comes to the front', async () => {
    const [home, folder] = [await scratch(), await pictures('second')]
    const desktop = await startDesktop({ folder: home })
    const page = await desktop.page()
    await page.getByRole('button', { name: /Open the sample/ }).waitFor()
    expect(await startAgain({ folder: home, arguments: [folder] })).toBe(0)
    await page.getByText('second.jpg').first().waitFor()
    expect(await desktop.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1)
  })

  test('a folder dropped onto the window opens, and is among the recent ones of the menu', async () => {
    const [first, second] = [await pictures('first'), await pictures('second')]
    const desktop = await startDesktop({ arguments: [second] })
    const page = await desktop.page()
    await page.getByText('second.jpg').first().waitFor()
    await drop(page, first)
    await page.getByText('first.jpg').first().waitFor()
    const recent = await desktop.evaluate(({ Menu }) => {
      const file = Menu.getApplicationMenu()!.items.find(({ label }) => label === 'File')!
      const list = file.submenu!.items.find(({ label }) => label === 'Open recent')!.submenu!.items
      list[1]!.click()
      return list.map(({ label }) => label)
    })
    expect(recent).toEqual([first, second])
    await page.getByText('second.jpg').first().waitFor()
  })

  test('what the system asks to open, opens; what is not there is said', async () => {
    const folder = await pictures('asked')
    const desktop = await startDesktop()
    const page = await desktop.page()
    await page.getByRole('button', { name: /Open the sample/ }).waitFor()
    const ask = (file: string): Promise<boolean> =>
      desktop.evaluate(({ app }, given) => app.emit('open-file', { preventDefault() {} }, given), file)
    await ask(`${folder}/missing`)
    await page.getByText(/There is nothing at .*missing/).waitFor()
    // A page that is loaded anew connects and listens anew.
    await page.reload()
    await ask(folder)
    await page.getByText('asked.jpg').first().waitFor()
  })
})
