/**
 * Whether the window stays fluent while a run trains: boxes are drawn, moved and zoomed on the sample, alone and while lite0
 * trains at 416 px, in turn. With --assist the other side is Assist, which learns, detects and proposes. Prints one JSON line,
 * times in milliseconds: node tests/bench/train-while-annotating.bench.ts [--assist] [--turns 2]
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
import { parseArgs } from 'node:util'
import { framesOf, percentiles } from '../support/canvas/frame-times.ts'
import { timeToNextImage } from '../support/canvas/next-image.ts'
import { launchBrowser, startWindow } from '../support/window.ts'

const ROUNDS = 4
const IMAGES = 12
const { values } = parseArgs({
  options: { assist: { type: 'boolean', default: false }, turns: { type: 'string', default: '2' } },
})

interface Times {
  readonly gaps: number[]
  readonly script: number[]
  readonly feedback: number[]
  readonly sharp: number[]
}

/** What goes on beside the window. */
interface Work {
  begin(): Promise<void>
  pause(): Promise<void>
  /** Steps and, where they are known, processor seconds so far. */
  done(): { readonly steps: number; readonly cpuSeconds: number | null }
}

const folder = mkdtempSync(join(tmpdir(), 'fcos-fluent-'))
const browser = await launchBrowser()
try {
  const window = await startWindow(browser, folder, { size: { width: 1440, height: 900 } })
  const { page, host } = window
  const { mouse, keyboard } = page
  await page.locator('[data-picture="sharp"]').waitFor()

  const work = values.assist ? assist() : training()
  const alone: Times = { gaps: [], script: [], feedback: [], sharp: [] }
  const busy: Times = { gaps: [], script: [], feedback: [], sharp: [] }
  let [seconds, steps, cpuSeconds] = [0, 0, 0]
  for (let turn = 0; turn < Number(values.turns); turn++) {
    await annotate(alone)
    await work.begin()
    const [began, before] = [performance.now(), work.done()]
    await annotate(busy)
    const after = work.done()
    seconds += (performance.now() - began) / 1000
    steps += after.steps - before.steps
    cpuSeconds += (after.cpuSeconds ?? 0) - (before.cpuSeconds ?? 0)
    await work.pause()
  }
  console.log(
    JSON.stringify({
      cores: availableParallelism(),
      /** Of the last minute: more than there are cores means that others were at work. */
      load: loadavg()[0],
      alone: summary(alone),
      [values.assist ? 'assist' : 'training']: summary(busy),
      stepsPerSecond: steps / seconds,
      ...(values.assist && { coresOfTheLearner: cpuSeconds / seconds }),
    }),
  )
  await window.close()

  function training(): Work {
    const options = { training: { steps: 100_000 } }
    const model = { kind: 'pretrained', architecture: 'lite0' } as const
    const plan = { model, learnFrom: 'train', measureWith: 'val', overfit: null, options } as const
    let id: string | null = null
    const now = () => host.runs.list().find((run) => run.id === id)!
    return {
      async begin() {
        if (id === null) {
          const pinned = { images: host.project.find('split:val').slice(0, 2), every: 10 }
          id = host.runs.start(plan, pinned).id
        } else host.runs.continue(id)
        const { step } = now()
        while (now().step < step + 3) await page.waitForTimeout(200)
      },
      async pause() {
        host.runs.pause(id!)
        while (now().state !== 'paused') await page.waitForTimeout(200)
      },
      done: () => ({ steps: now().step, cpuSeconds: null }),
    }
  }

  function assist(): Work {
    return {
      async begin() {
        await host.assist.start()
        const isAtWork = () => host.assist.state.proposing && host.assist.state.phase === 'learning'
        while (!isAtWork()) await page.waitForTimeout(200)
      },
      async pause() {
        await host.assist.stop()
      },
      done: () => ({ steps: host.assist.state.step, cpuSeconds: host.assist.state.cpuSeconds }),
    }
  }

  async function annotate(times: Times): Promise<void> {
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
    times.gaps.push(...gaps.slice(1))
    times.script.push(...frames.map(({ script }) => script))
    times.feedback.push(...frames.flatMap(({ feedback }) => feedback ?? []))
    for (let i = 0; i < IMAGES; i++) {
      // As long as somebody looks at an image who goes through them quickly.
      await page.waitForTimeout(1000)
      times.sharp.push(await timeToNextImage(page))
    }
  }

  function summary({ gaps, script, feedback, sharp }: Times) {
    return {
      ...{ sharp: percentiles(sharp), frame: percentiles(gaps) },
      ...{ script: percentiles(script), feedback: percentiles(feedback) },
    }
  }
} finally {
  await browser.close()
  rmSync(folder, { recursive: true, force: true })
}
