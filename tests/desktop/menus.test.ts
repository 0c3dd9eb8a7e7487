import { describe, expect, test } from 'vitest'
import { type Desktop, DRIVEN, startDesktop } from '../support/desktop.ts'
import { lay, scratch } from '../support/scratch.ts'

/** What the native menu says of a command; null where it is not there. */
const itemOf = (desktop: Desktop, id: string) =>
  desktop.evaluate(({ Menu }, wanted) => {
    const item = Menu.getApplicationMenu()?.getMenuItemById(wanted)
    return item ? { label: item.label, enabled: item.enabled, accelerator: item.accelerator } : null
  }, id)

const click = (desktop: Desktop, id: string) =>
  desktop.evaluate(({ Menu }, wanted) => Menu.getApplicationMenu()!.getMenuItemById(wanted)!.click(), id)

describe(`in ${DRIVEN}`, () => {
  test("the page's commands are in the native menus, with their keys and whether they are possible", async () => {
    const desktop = await startDesktop()
    await expect
      .poll(() => itemOf(desktop, 'project.open'))
      .toEqual({
        label: 'Open a folder or project…',
        enabled: true,
        accelerator: 'CommandOrControl+O',
      })
    expect(await itemOf(desktop, 'project.close')).toMatchObject({ enabled: false })
    await click(desktop, 'project.openSample')
    await expect.poll(() => itemOf(desktop, 'project.close')).toMatchObject({ enabled: true })
  })

  test("a menu's command runs in the page; its dialog is the system's", async () => {
    const folder = await scratch()
    await lay(folder, { 'chosen.jpg': [64, 48] })
    const desktop = await startDesktop()
    const page = await desktop.page()
    await expect.poll(() => itemOf(desktop, 'help.keys')).not.toBeNull()
    await click(desktop, 'help.keys')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')

    await desktop.evaluate(({ dialog }, chosen) => {
      dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [chosen] })
    }, folder)
    await click(desktop, 'project.open')
    await page.getByText('chosen.jpg').first().waitFor()
  })

  test('About says what runs', async () => {
    const desktop = await startDesktop()
    const page = await desktop.page()
    await desktop.evaluate(({ app }) => {
      app.showAboutPanel = () => void Object.assign(app, { wasAsked: true })
    })
    await page.evaluate(`desktop.call('about.show', {})`)
    expect(await desktop.evaluate(({ app }) => (app as { wasAsked?: boolean }).wasAsked)).toBe(true)
  })
})
