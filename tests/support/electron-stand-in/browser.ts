/** The Chromium behind all windows. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright'
import { findBrowser } from '../../../src/main/setup/browser.ts'

let context: BrowserContext | undefined
/** Chromium begins with one page, which the first window takes. */
let firstPage: Page | undefined
const running = Promise.withResolvers<string>()
/** The address of its DevTools protocol, for whoever drives the windows. */
export const endpoint = running.promise

export async function launchBrowser(profile: string): Promise<void> {
  const executablePath = findBrowser()
  if (!executablePath) throw new Error('No Chromium: `node src/main/setup/browser-main.ts` provides one')
  context = await chromium.launchPersistentContext(profile, {
    executablePath,
    chromiumSandbox: process.getuid?.() !== 0,
    viewport: null,
    args: ['--remote-debugging-port=0'],
  })
  firstPage = context.pages()[0]
  const [port, address] = readFileSync(path.join(profile, 'DevToolsActivePort'), 'utf8').split('\n')
  running.resolve(`ws://127.0.0.1:${port}${address}`)
}

export async function newPage(): Promise<Page> {
  const page = firstPage ?? (await context!.newPage())
  firstPage = undefined
  return page
}

export async function closeBrowser(): Promise<void> {
  await context?.close()
}
