/** What benches do to the canvas in a browser, and how long each frame of it took. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Page } from 'playwright'
import { type FrameTimes, framesOf } from './frame-times.ts'

export async function measured(page: Page, act: () => Promise<void>): Promise<readonly FrameTimes[]> {
  await wait(400)
  const browser = page.context().browser()!
  await browser.startTracing(page, { categories: ['devtools.timeline'] })
  await act()
  await wait(400)
  return framesOf(JSON.parse((await browser.stopTracing()).toString()).traceEvents)
}

export async function panAndZoom({ mouse, keyboard }: Page): Promise<void> {
  for (let turn = 0; turn < 40; turn++) await mouse.wheel((turn % 2) * 30, 40)
  await keyboard.down('Control')
  for (let turn = 0; turn < 40; turn++) await mouse.wheel(0, turn < 20 ? -40 : 40)
  await keyboard.up('Control')
  await mouse.down({ button: 'middle' })
  for (let step = 0; step < 60; step++) await mouse.move(700 + 6 * (step % 20), 450 + 3 * step)
  await mouse.up({ button: 'middle' })
}
