/**
 * The studio in a real browser, on the real store and server, driven as a user would: by keys, pointer and names.
 * Places on the canvas are given in image pixels.
 */
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright'
import { onTestFinished } from 'vitest'
import type { Size } from '../../src/core/geometry/box.ts'
import type { ProjectAnnotation } from '../../src/core/project/model.ts'
import { PROJECT } from '../../src/main/setup/binding.ts'
import { findBrowser } from '../../src/main/setup/browser.ts'
import { provideWindow } from '../../src/main/setup/window.ts'
import { createHost } from '../../src/main/studio/api/create-host.ts'
import { dispatch } from '../../src/main/studio/api/dispatch.ts'
import type { StudioHost } from '../../src/main/studio/api/host.ts'
import { openServer } from '../../src/main/web/server.ts'
import { fitView, toScreen } from '../../src/renderer/canvas/geometry/view.ts'
import { scratch } from './scratch.ts'

export interface StudioWindow {
  readonly page: Page
  readonly host: StudioHost
  readonly url: string
  /** What went wrong in the page so far: errors, and what its content security policy forbade. */
  readonly faults: readonly string[]
  /** A key or chord in Playwright's notation, on the canvas. */
  press(...keys: string[]): Promise<void>
  /** Drags on the canvas from corner to corner; the image must be shown fitted. */
  drag(from: readonly [x: number, y: number], to: readonly [x: number, y: number]): Promise<void>
  click(at: readonly [x: number, y: number]): Promise<void>
  /** Where a point of the image is in the page. */
  place(at: readonly [x: number, y: number]): Promise<{ x: number; y: number }>
  /** Answers the window's chooser: a folder itself, an entry of it, or a name for what is written there. */
  choose(
    verb: string,
    folder: string,
    of?: { readonly entry?: string; readonly name?: string },
  ): Promise<void>
  /** What the store holds for the open image, once everything is saved. */
  stored(): Promise<ProjectAnnotation[]>
}

export interface WindowOptions {
  /** A folder; left out: the bundled sample. */
  readonly project?: string | null
  readonly size?: Size
}

/** A browser for the tests of a file; call in beforeAll and close in afterAll. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = findBrowser()
  if (executablePath === null) throw new Error('These tests need a Chromium: see src/main/setup/browser.ts')
  return chromium.launch({ executablePath, args: ['--no-sandbox'] })
}

/** Closed after the test. */
export async function openWindow(browser: Browser, options: WindowOptions = {}): Promise<StudioWindow> {
  const window = await startWindow(browser, await scratch(), options)
  onTestFinished(() => window.close())
  return window
}

/** `project` null: the welcome screen. What the studio writes goes to `folder`. */
export async function startWindow(
  browser: Browser,
  folder: string,
  { project, size = { width: 1280, height: 720 } }: WindowOptions = {},
): Promise<StudioWindow & { close(): Promise<void> }> {
  const pagesFolder = await provideWindow(console.log)
  process.env.FCOS_HOME = join(folder, 'home')
  const host = createHost({ shell: 'browser', root: PROJECT, cacheFolder: join(folder, 'cache') })
  // The tour's callouts would lie over the canvas.
  await dispatch(host, 'settings.set', { key: 'tour.seen', value: true })
  if (project !== null) {
    if (project === undefined) await dispatch(host, 'project.openSample', {})
    else await dispatch(host, 'project.open', { path: project })
  }
  const server = await openServer({ host, pagesFolder, port: 0 })
  // Colours halfway between two are none that anybody chose: axe must not meet them.
  const context = await browser.newContext({ viewport: size, reducedMotion: 'reduce' })
  // The machine may be busy with other things; what does not come in so long never comes.
  context.setDefaultTimeout(120_000)
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`${message.text()} ${message.location().url}`)
  })
  await page.goto(server.url)
  if (project !== null) await page.getByLabel('Canvas').waitFor()
  else await page.getByRole('heading', { name: 'FCOS Studio' }).waitFor()

  const canvas = page.locator('[role="application"]').first()
  const currentImage = async (): Promise<{ id: number } & Size> => {
    const path = (await canvas.getAttribute('aria-label'))!.replace(/^Image (.*) with \d+ objects$/, '$1')
    const found = host.project.find(JSON.stringify(path))
    return host.project.images.list(found).find((image) => image.path === path)!
  }
  const settled = async (): Promise<void> => {
    // What was pressed last has been handled by the next frame.
    await page.evaluate('new Promise(requestAnimationFrame)')
    await page.locator('[role="application"][aria-busy="false"]').waitFor()
  }
  const place: StudioWindow['place'] = async ([x, y]) => {
    const { width, height, x: left, y: top } = (await canvas.boundingBox())!
    const view = fitView({ viewport: { width, height }, image: await currentImage(), pixelRatio: 1 })
    const at = toScreen(view, { x, y } as Parameters<typeof toScreen>[1])
    return { x: left + at.x, y: top + at.y }
  }
  return {
    page,
    host,
    url: server.url,
    faults,
    place,
    async close() {
      await context.close()
      await server.close()
      await host.close()
    },
    async press(...keys) {
      await canvas.focus()
      for (const key of keys) await page.keyboard.press(key)
    },
    async drag(from, to) {
      await settled()
      const [start, end] = [await place(from), await place(to)]
      await page.mouse.move(start.x, start.y)
      await page.mouse.down()
      await page.mouse.move((start.x + end.x) / 2, (start.y + end.y) / 2)
      await page.mouse.move(end.x, end.y)
      await page.mouse.up()
    },
    async click(at) {
      await settled()
      const { x, y } = await place(at)
      await page.mouse.click(x, y)
    },
    async choose(verb, folder, { entry, name } = {}) {
      const dialog = page.getByRole('dialog').filter({ has: page.getByLabel('Contents') })
      await dialog.getByLabel('Folder', { exact: true }).fill(folder)
      await page.keyboard.press('Enter')
      if (entry !== undefined) await dialog.getByRole('button', { name: entry, exact: true }).click()
      if (name !== undefined) await dialog.getByLabel('Name', { exact: true }).fill(name)
      await dialog.getByRole('button', { name: verb, exact: true }).click()
    },
    async stored() {
      await settled()
      return host.project.annotations.of((await currentImage()).id)
    },
  }
}
