import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Desktop, DRIVEN, ROOT, startDesktop } from '../support/desktop.ts'
import { scratch } from '../support/scratch.ts'

/** What the program's own scheme answers to a request that no page made. */
const get = (desktop: Desktop, url: string) =>
  desktop.evaluate(async ({ net }, address) => {
    const response = await net.fetch(address)
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      body: await response.text(),
    }
  }, url)

const call = (desktop: Desktop, method: string, params: unknown = {}) =>
  desktop
    .page()
    .then((page) => page.evaluate(`desktop.call(${JSON.stringify(method)}, ${JSON.stringify(params)})`))

describe(`in ${DRIVEN}`, () => {
  test('pages come with the policy, run no foreign code and have no Node', async () => {
    const desktop = await startDesktop()
    const page = await desktop.page()
    await page.getByRole('button', { name: /Open the sample/ }).waitFor()
    const headers = await page.evaluate<Record<string, string>>(
      `fetch('/').then((response) => Object.fromEntries(response.headers))`,
    )
    expect(headers).toMatchObject({
      'content-security-policy': expect.stringMatching(/^default-src 'none'; script-src 'self';/),
      'x-content-type-options': 'nosniff',
    })
    expect(await page.evaluate(`[typeof require, typeof process, typeof module]`)).toEqual(
      Array(3).fill('undefined'),
    )
    expect(await page.evaluate(`Object.keys(desktop)`)).toEqual(['call', 'listen', 'pathForFile'])
    const inline = `new Promise((resolve) => {
      addEventListener('securitypolicyviolation', ({ effectiveDirective }) => resolve(effectiveDirective), { once: true })
      document.body.append(Object.assign(document.createElement('script'), { text: 'window.injected = true' }))
    })`
    expect(await page.evaluate(inline)).toBe('script-src-elem')
    expect(await page.evaluate('window.injected')).toBeUndefined()
    const preferences = await desktop.evaluate(({ BrowserWindow }) => {
      const { webContents } = BrowserWindow.getAllWindows()[0]!
      return (webContents as unknown as { getLastWebPreferences(): object }).getLastWebPreferences()
    })
    expect(preferences).toMatchObject({ sandbox: true, contextIsolation: true, nodeIntegration: false })
  })

  test('a page stays where it is, opens no windows, and gets no permissions', async () => {
    const desktop = await startDesktop()
    const page = await desktop.page()
    const open = page.getByRole('button', { name: /Open the sample/ })
    await open.waitFor()
    await desktop.evaluate(({ shell }) => {
      Object.assign(shell, { opened: [] })
      shell.openExternal = async (url) => void (shell as unknown as { opened: string[] }).opened.push(url)
    })
    await page.evaluate(`location.href = 'https://example.com/'`)
    await expect.poll(() => desktop.output()).toContain('Refused to navigate to https://example.com/')
    await open.click()
    await page.getByText(/\.jpg/).first().waitFor()
    for (const url of ['https://example.com/help', 'file:///etc/passwd', 'http://example.com/']) {
      await page.evaluate(`void window.open(${JSON.stringify(url)})`)
    }
    await expect.poll(() => desktop.output()).toContain('Refused to open http://example.com/')
    const opened = await desktop.evaluate(({ shell }) => (shell as unknown as { opened: string[] }).opened)
    expect(opened).toEqual(['https://example.com/help'])
    expect(await desktop.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1)
    const states = `Promise.all(['geolocation', 'notifications', 'camera'].map(async (name) =>
      (await navigator.permissions.query({ name })).state))`
    expect(await page.evaluate(states)).toEqual(['denied', 'denied', 'denied'])
  })

  test('pictures are had by id and nothing by path', async () => {
    const desktop = await startDesktop()
    const page = await desktop.page()
    await page.getByRole('button', { name: /Open the sample/ }).click()
    await page.getByText(/\.jpg/).first().waitFor()
    const decoded = `new Promise((resolve, reject) => {
      const image = Object.assign(new Image(), { src: '/asset/image/1/whole', onerror: reject })
      image.onload = () => resolve(image.naturalWidth > 0)
    })`
    expect(await page.evaluate(decoded)).toBe(true)
    expect(await get(desktop, 'app://studio/asset/thumbnail/1')).toMatchObject({
      status: 200,
      type: 'image/jpeg',
    })
    for (const address of [
      'app://studio/asset/image/9999/whole',
      'app://studio/asset/../../../../etc/passwd',
      'app://studio/..%2f..%2f..%2fetc/passwd',
      'app://studio/%2e%2e/%2e%2e/package.json',
      'app://studio//etc/passwd',
      'app://studio/main/index.js',
      'app://elsewhere/',
    ]) {
      expect(await get(desktop, address), address).toMatchObject({ status: 404 })
    }
  })

  test('the shell answers its own page alone, and only what the contract knows', async () => {
    const desktop = await startDesktop()
    await (await desktop.page()).getByRole('button', { name: /Open the sample/ }).waitFor()
    const stranger = path.join(await scratch(), 'stranger.html')
    await writeFile(stranger, '<!doctype html><title>Stranger</title>')
    const answer = await desktop.evaluate(
      async ({ BrowserWindow }, { preload, url }) => {
        const window = new BrowserWindow({ show: false, webPreferences: { preload, sandbox: true } })
        await window.loadURL(url)
        const answered = await window.webContents.executeJavaScript(`desktop.call('dialog.open', {})`)
        window.destroy()
        return answered
      },
      { preload: path.join(ROOT, 'out/preload/index.cjs'), url: `file://${stranger}` },
    )
    expect(answer).toMatchObject({ error: { code: 'USAGE_SENDER' } })

    const refused = { error: { code: 'USAGE_REQUEST' } }
    expect(await call(desktop, 'constructor')).toMatchObject(refused)
    expect(await call(desktop, 'dialog.open', { kind: 'socket', title: '' })).toMatchObject(refused)
    const command = {
      id: 'x',
      title: 'X',
      menu: 'File',
      accelerator: 'Hyper+X',
      enabled: true,
      checked: null,
    }
    expect(await call(desktop, 'menu.show', { commands: [command] })).toMatchObject(refused)
    expect(await call(desktop, 'folder.show', { path: '/etc/passwd' })).toMatchObject({
      error: { code: 'USAGE_PATH' },
    })
  })

  test('a file that a dialog gave can be shown in its folder', async () => {
    const desktop = await startDesktop()
    const file = path.join(await scratch(), 'labels.json')
    await desktop.evaluate(({ dialog, shell }, chosen) => {
      dialog.showSaveDialog = async () => ({ canceled: false, filePath: chosen })
      shell.showItemInFolder = (shown) => void Object.assign(shell, { shown })
    }, file)
    expect(await call(desktop, 'dialog.save', { title: 'Export', name: '../labels.json' })).toEqual({
      result: file,
    })
    expect(await call(desktop, 'folder.show', { path: file })).toEqual({ result: null })
    expect(await desktop.evaluate(({ shell }) => (shell as unknown as { shown: string }).shown)).toBe(file)
    for (const other of [`${file}.key`, path.join(file, '../../passwd'), '/etc/passwd']) {
      expect(await call(desktop, 'folder.show', { path: other })).toMatchObject({
        error: { code: 'USAGE_PATH' },
      })
    }
  })
})
