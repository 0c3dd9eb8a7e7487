/** What only a real browser proves: the way in, the cookie's rules, the policy, and what another page can reach. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium, type Page } from 'playwright'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { findBrowser } from '../../src/main/setup/browser.ts'
import { dispatch } from '../../src/main/studio/api/dispatch.ts'
import type { StudioHost } from '../../src/main/studio/api/host.ts'
import { openServer, type StudioServer } from '../../src/main/web/server.ts'
import { lay, scratch } from '../support/scratch.ts'
import { studioHost } from '../support/studio.ts'

let browser: Browser

beforeAll(async () => {
  const executablePath = findBrowser()
  if (executablePath === null) throw new Error('No Chromium: run src/main/setup/browser-main.ts')
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  browser = await chromium.launch({ executablePath, args })
})
afterAll(() => browser?.close())

const PAGE = `<!doctype html><title>Studio</title>
<script>document.title = 'inline script ran'</script>
<script type="module" src="./assets/main.js"></script>`

/** Says app.info's shell and a thumbnail's width in the title. */
const SCRIPT = `
const socket = new WebSocket(new URL('/studio', location.href.replace('http', 'ws')))
socket.onopen = () => socket.send(JSON.stringify({ id: 1, method: 'app.info', params: {} }))
socket.onmessage = async ({ data }) => {
  const image = new Image()
  image.src = '/asset/thumbnail/1'
  await image.decode()
  document.title = JSON.parse(data).result.shell + ' ' + image.naturalWidth
}`

async function start(): Promise<{ server: StudioServer; host: StudioHost }> {
  const folder = await scratch()
  await lay(folder, { 'index.html': PAGE, 'assets/main.js': SCRIPT })
  const host = await studioHost()
  const server = await openServer({ host, pagesFolder: folder, port: 0 })
  onTestFinished(() => server.close())
  return { server, host }
}

/** A page of another server; its origin is of this machine too. */
async function foreignPage(html: string): Promise<number> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end(html)
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  return (server.address() as AddressInfo).port
}

async function newPage(): Promise<Page> {
  const page = await browser.newPage()
  onTestFinished(() => page.context().close())
  return page
}

test('a link from another site leads in: window, socket and pictures, but no inline script', async () => {
  const { server, host } = await start()
  await dispatch(host, 'project.openSample', {})
  const page = await newPage()
  const violations: string[] = []
  page.on(
    'console',
    (message) => message.text().includes('Content Security') && violations.push(message.text()),
  )
  const port = await foreignPage(`<a href="${server.url}">Studio</a>`)
  await page.goto(`http://localhost:${port}/`)
  await page.getByText('Studio').click()
  await expect.poll(() => page.title()).toBe('browser 256')
  expect(page.url()).toBe(`http://127.0.0.1:${server.port}/`)
  expect(violations).toEqual([expect.stringContaining('inline script')])
  expect(await page.context().cookies()).toMatchObject([{ httpOnly: true, sameSite: 'Strict' }])
  await page.goBack()
  expect(page.url()).toBe(`http://localhost:${port}/`)
})

/** Tries what pages can send anywhere, cookies included, and says in its title what came of it. */
const attack = (studio: string): string => `<!doctype html><body><script type="module">
const outcome = (work) => work.then(() => 'reached', () => 'refused')
const image = new Image()
image.src = 'http://${studio}/asset/thumbnail/1'
const frame = document.createElement('iframe')
frame.src = 'http://${studio}/'
const shown = new Promise((resolve) => { frame.onload = resolve })
document.body.append(frame)
const socket = new WebSocket('ws://${studio}/studio')
const open = new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = reject })
const outcomes = {
  image: await outcome(image.decode()),
  socket: await outcome(open),
  text: await outcome(fetch('http://${studio}/', { credentials: 'include' })),
  blind: await outcome(fetch('http://${studio}/', { mode: 'no-cors', credentials: 'include' })),
}
await shown
document.title = JSON.stringify(outcomes)
</script>`

test.each(['127.0.0.1', 'localhost'])('a page of another port of %s reaches nothing', async (name) => {
  const { server, host } = await start()
  await dispatch(host, 'project.openSample', {})
  const page = await newPage()
  await page.goto(server.url)
  await expect.poll(() => page.title()).toBe('browser 256')

  const port = await foreignPage(attack(`127.0.0.1:${server.port}`))
  await page.goto(`http://${name}:${port}/`)
  await expect.poll(() => page.title()).toContain('{')
  const reached = JSON.parse(await page.title())
  expect(reached).toEqual({ image: 'refused', socket: 'refused', text: 'refused', blind: 'refused' })
  expect(page.frames()[1]!.url()).not.toContain('token')
  expect(await page.frames()[1]!.title()).not.toContain('browser')
})
