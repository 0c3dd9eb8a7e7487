/**
 * Whether the window stays fluent while a run trains: boxes are drawn, moved and zoomed on the sample, first alone, then
 * while lite0 trains at 416 px, then with Assist on, which learns, detects and proposes. Prints one JSON line, times in milliseconds: node tests/bench/train-while-annotating.bench.ts
 *
 * frame: by the clock, between one animation frame of the page and the next, while the pointer moves. A display of 60 Hz
 * gives 16.7 at best.
 * script: processor time of JavaScript per animation frame, event handlers and drawing together.
 * feedback: by the clock, from the first pointer event that a frame got to the end of the drawing that shows it.
 * sharp: by the clock, from the key to the frame that has the next image sharp.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { framesOf, percentiles } from '../support/canvas/frame-times.ts'
import { launchBrowser, startWindow } from '../support/window.ts'

const ROUNDS = 4
const IMAGES = 12

/** In the page: presses the key and waits for the other picture. */
const nextImage = `async () => {
  const canvas = document.querySelector('[role="application"]')
  const before = canvas.getAttribute('aria-label')
  const start = performance.now()
  canvas.dispatchEvent(new KeyboardEvent('keydown', { key: 'd', code: 'KeyD', bubbles: true }))
  const frame = () => new Promise(requestAnimationFrame)
  while (canvas.getAttribute('aria-label') === before) await frame()
  // The canvas says in its next frame how far the new picture is.
  await frame()
  while (canvas.dataset.picture !== 'sharp') await frame()
  return performance.now() - start
}`

const folder = mkdtempSync(join(tmpdir(), 'fcos-fluent-'))
const browser = await launchBrowser()
try {
  const window = await startWindow(browser, folder, { size: { width: 1440, height: 900 } })
  const { page, host } = window
  const { mouse, keyboard } = page
  await page.locator('[data-picture="sharp"]').waitFor()

  const alone = await annotate()
  const options = { training: { steps: 100_000 } }
  const model = { kind: 'pretrained', architecture: 'lite0' } as const
  const plan = { model, learnFrom: 'train', measureWith: 'val', overfit: null, options } as const
  const run = host.runs.start(plan, { images: host.project.find('split:val').slice(0, 2), every: 10 })
  const summary = () => host.runs.list().find(({ id }) => id === run.id)!
  while (summary().step < 3) await page.waitForTimeout(200)
  const first = summary().step
  const began = performance.now()
  const training = await annotate()
  const stepsPerSecond = (summary().step - first) / ((performance.now() - began) / 1000)
  const { live } = summary()
  await host.runs.delete(run.id)

  await host.assist.start()
  const isAtWork = () => host.assist.state.proposing && host.assist.state.phase === 'learning'
  while (!isAtWork()) await page.waitForTimeout(200)
  const cpu = host.assist.state.cpuSeconds
  const assist = await annotate()
  const cpuSeconds = host.assist.state.cpuSeconds - cpu
  console.log(
    JSON.stringify({
      cores: availableParallelism(),
      /** Of the last minute: more than there are cores means that others were at work. */
      load: loadavg()[0],
      alone,
      training: { ...training, stepsPerSecond, memoryMb: live?.memoryMb },
      assist: { ...assist, cpuSeconds },
    }),
  )
  await window.close()

  async function annotate() {
    await window.press('r')
    const { x, y } = await window.place([60, 60])
    await page.evaluate(`
      window.gaps = []
      let last = performance.now()
      const look = (now) => { window.gaps.push(now - last); last = now; window.looking = requestAnimationFrame(look) }
      window.looking = requestAnimationFrame(look)`)
    await browser.startTracing(page, { categories: ['devtools.timeline'] })
    for (let round = 0; round < ROUNDS; round++) {
      await mouse.move(x, y)
      await mouse.down()
      for (let step = 0; step < 60; step++) await mouse.move(x + 3 * step, y + 2 * step)
      await mouse.up()
      await keyboard.press('Control+z')
      await keyboard.down('Control')
      for (let turn = 0; turn < 20; turn++) await mouse.wheel(0, turn < 10 ? -40 : 40)
      await keyboard.up('Control')
    }
    const gaps = (await page.evaluate('cancelAnimationFrame(window.looking); window.gaps')) as number[]
    const frames = framesOf(JSON.parse((await browser.stopTracing()).toString()).traceEvents)
    const sharp: number[] = []
    for (let i = 0; i < IMAGES; i++) {
      // As long as somebody looks at an image who goes through them quickly.
      await page.waitForTimeout(1000)
      sharp.push(Number(await page.evaluate(`(${nextImage})()`)))
    }
    return {
      sharp: percentiles(sharp),
      frame: percentiles(gaps.slice(1)),
      script: percentiles(frames.map(({ script }) => script)),
      feedback: percentiles(frames.flatMap(({ feedback }) => feedback ?? [])),
    }
  }
} finally {
  await browser.close()
  rmSync(folder, { recursive: true, force: true })
}
