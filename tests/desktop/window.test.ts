import { describe, expect, test } from 'vitest'
import { DRIVEN, startDesktop } from '../support/desktop.ts'
import { lay, scratch } from '../support/scratch.ts'

describe(`in ${DRIVEN}`, () => {
  test('a folder given as argument opens as a project, and is shown', async () => {
    const folder = await scratch()
    await lay(folder, { 'one.jpg': [64, 48], 'two.jpg': [64, 48] })
    const desktop = await startDesktop({ arguments: [folder] })
    const page = await desktop.page()
    await page.getByText('one.jpg').first().waitFor()
    const shown = await desktop.evaluate(({ BrowserWindow }) => {
      const [window] = BrowserWindow.getAllWindows()
      return { visible: window!.isVisible(), file: window!.getRepresentedFilename() }
    })
    expect(shown).toEqual({ visible: true, file: `${folder}/project.fcos` })
    expect(await page.title()).toMatch(/ – FCOS Studio$/)
  })

  test('the window stands where it stood when it was closed', async () => {
    const folder = await scratch()
    const first = await startDesktop({ folder })
    await first.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]!.setBounds({ x: 120, y: 80, width: 1000, height: 700 }),
    )
    await first.quit()
    const second = await startDesktop({ folder })
    const bounds = await second.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.getBounds())
    expect(bounds).toEqual({ x: 120, y: 80, width: 1000, height: 700 })
  })

  test('after a crash a page says what happened and what was kept, shows the log, and goes back', async () => {
    const desktop = await startDesktop()
    await (await desktop.page()).getByRole('button', { name: /Open the sample/ }).waitFor()
    await desktop.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]!.webContents.forcefullyCrashRenderer(),
    )
    // Playwright gives a crashed page up for good: the window is asked itself.
    const run = (script: string): Promise<unknown> =>
      desktop.evaluate(
        ({ BrowserWindow }, code) =>
          BrowserWindow.getAllWindows()[0]!.webContents.executeJavaScript(code).catch(String),
        script,
      )
    await expect
      .poll(() => run('document.body.innerText'))
      .toMatch(/The window stopped[\s\S]*Every finished change is saved/)
    await run('document.querySelector("details").open = true')
    expect(await run('document.querySelector("pre").innerText')).toContain(
      "The window's process has ended: crashed",
    )
    expect(await run('getComputedStyle(document.querySelector("h1")).fontSize')).toBe('20px')
    await run('document.querySelector("a").click()')
    await expect.poll(() => run('document.body.innerText')).toContain('Open the sample')
  })
})
