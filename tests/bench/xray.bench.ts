/**
 * The X-ray in a real browser on the real studio: 300 boxes on an image of 1333×800 px, with the rules of torchvision's
 * model, whose input is as large. One box is dragged; every frame assigns all boxes anew, draws all cells and updates the
 * panel. Prints one JSON line, times in milliseconds:
 *
 *   node tests/bench/xray.bench.ts [--only "radius off,retinanet,side by side"] [--profile FOLDER]
 *
 * --profile writes the browser's CPU profile of each drag into a folder.
 *
 * compute: assigning, counting and finding runners-up alone, in the same browser.
 * script: processor time of JavaScript per animation frame of the drag, event handlers and all drawing included.
 * feedback: by the clock, from the first pointer event that a frame got to the end of the drawing that shows it.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { chromium, type Page } from 'playwright'
import { build, type Rolldown } from 'vite'
import { detectors } from '../../src/core/detectors/detectors.ts'
import { mulberry32 } from '../../src/core/random.ts'
import { PROJECT } from '../../src/main/setup/binding.ts'
import { provideBrowser } from '../../src/main/setup/browser.ts'
import { provideWindow } from '../../src/main/setup/window.ts'
import { createHost } from '../../src/main/studio/api/create-host.ts'
import { dispatch } from '../../src/main/studio/api/dispatch.ts'
import { openServer } from '../../src/main/web/server.ts'
import { MODELS, type ModelRules, rulesOfDetector } from '../../src/renderer/xray/model-rules.ts'
import { photo } from '../support/canvas/browser.ts'

const SIZE = { width: 1333, height: 800 }
const STEPS = 300
const VIEWS = ['levels', 'sides', 'ambiguity']
const SIDE_BY_SIDE = 'side by side'
const { values: options } = parseArgs({ options: { only: { type: 'string' }, profile: { type: 'string' } } })

const random = mulberry32(1)
const boxes = Array.from({ length: 300 }, () => {
  const [width, height] = [8 * 64 ** random(), 8 * 64 ** random()]
  const [x, y] = [random() * (SIZE.width - width), random() * (SIZE.height - height)]
  return [x, y, x + width, y + height] as const
})
const { rules: sampled } = MODELS.torchvision
const everywhere: ModelRules = { ...sampled, rules: { ...sampled.rules, radius: 0 } }

interface TraceEvent {
  readonly name: string
  readonly ts: number
  readonly dur: number
  readonly tdur?: number
}

/** Callbacks of one animation frame follow each other within this time, in microseconds. */
const SAME_FRAME = 500

/** Of the frames that had pointer events. Each canvas asks for a callback of its own. */
function framesOf(events: readonly TraceEvent[]) {
  const frames: { script: number; feedback: number }[] = []
  let handlers = 0
  let first: number | null = null
  let end = Number.NEGATIVE_INFINITY
  for (const { name, ts, dur, tdur = dur } of events.toSorted((a, b) => a.ts - b.ts)) {
    if (name === 'EventDispatch') {
      handlers += tdur
      first ??= ts
      end = Number.NEGATIVE_INFINITY
    } else if (name === 'FireAnimationFrame') {
      const frame = frames.at(-1)
      if (first !== null) {
        frames.push({ script: (handlers + tdur) / 1000, feedback: (ts + dur - first) / 1000 })
        end = ts + dur
      } else if (frame && ts - end < SAME_FRAME) {
        frame.script += tdur / 1000
        frame.feedback += (ts + dur - end) / 1000
        end = ts + dur
      }
      handlers = 0
      first = null
    }
  }
  return frames
}

function percentiles(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => Number(sorted[Math.floor(share * (sorted.length - 1))]!.toFixed(2))
  return { p50: at(0.5), p95: at(0.95), max: at(1), frames: sorted.length }
}

async function compute(page: Page, model: ModelRules) {
  const entry = join(PROJECT, 'src/renderer/xray/targets.ts')
  const lib = { entry, formats: ['iife' as const], name: 'targets' }
  const [bundle] = (await build({ configFile: false, logLevel: 'error', build: { write: false, lib } })) as [
    Rolldown.RolldownOutput,
  ]
  await page.addScriptTag({ content: bundle.output[0].code })
  const times = (await page.evaluate(`(() => {
    const computer = new targets.TargetComputer()
    const boxes = ${JSON.stringify(boxes)}.map((box, i) => ({ id: i, number: i + 1, classId: i % 20, box }))
    return Array.from({ length: 600 }, (_, step) => {
      const drift = step % 2
      const moved = boxes.with(0, { ...boxes[0], box: boxes[0].box.map((side) => side + drift) })
      const start = performance.now()
      computer.compute(${JSON.stringify(SIZE)}, moved, ${JSON.stringify(model)}, { runnersUp: true })
      return performance.now() - start
    })
  })()`)) as number[]
  return percentiles(times.slice(100))
}

async function drag(page: Page, name: string) {
  const canvas = page.getByRole('application').first()
  await canvas.focus()
  await page.keyboard.press('v')
  const { x, y, width, height } = (await canvas.boundingBox())!
  const [left, top] = [x + width / 2, y + height / 2]
  await page.mouse.move(left, top)
  await page.mouse.down()
  await wait(300)
  const profiler = options.profile === undefined ? null : await page.context().newCDPSession(page)
  await profiler?.send('Profiler.enable')
  await profiler?.send('Profiler.setSamplingInterval', { interval: 200 })
  await profiler?.send('Profiler.start')
  const browser = page.context().browser()!
  await browser.startTracing(page, { categories: ['devtools.timeline'] })
  for (let step = 0; step < STEPS; step++) {
    await page.mouse.move(left + 3 * (step % 40), top + 2 * (step % 30))
  }
  await wait(300)
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString())
  if (profiler) {
    const { profile } = await profiler.send('Profiler.stop')
    await writeFile(join(options.profile!, `${name}.cpuprofile`), JSON.stringify(profile))
    await profiler.detach()
  }
  await page.keyboard.press('Escape')
  await page.mouse.up()
  const frames = framesOf(traceEvents)
  return {
    script: percentiles(frames.map(({ script }) => script)),
    feedback: percentiles(frames.map(({ feedback }) => feedback)),
  }
}

const folder = await mkdtemp(join(tmpdir(), 'fcos-xray-'))
process.env.FCOS_HOME = join(folder, 'home')
const images = join(folder, 'images')
await mkdir(images)
await writeFile(join(images, 'a.jpg'), await photo(SIZE.width, SIZE.height, 1))

const host = createHost({ shell: 'browser', root: PROJECT, cacheFolder: join(folder, 'cache') })
await dispatch(host, 'settings.set', { key: 'tour.seen', value: true })
await dispatch(host, 'settings.set', {
  key: 'xray.look',
  value: { on: true, view: 'levels', colourMap: 'viridis', opacity: 0.75 },
})
await dispatch(host, 'project.open', { path: images })
while (host.project.find('').length === 0) await wait(50)
for (let kind = 0; kind < 20; kind++) host.project.classes.add(`class ${kind}`)
const [image] = host.project.find('')
const classes = host.project.classes.all()
const labels = boxes.map((box, i) => ({ classId: classes[i % 20]!.id, box, source: 'drawn' as const }))
host.project.annotations.add(image!, labels)

const pagesFolder = await provideWindow(console.error)
const server = await openServer({ host, pagesFolder, port: 0 })
const browser = await chromium.launch({
  executablePath: await provideBrowser(console.error),
  args: ['--no-sandbox'],
})
const results: Record<string, unknown> = {}
const rules: Record<string, readonly [detector: string, model: ModelRules]> = {
  'radius 1.5': ['fcos', sampled],
  'radius off': ['fcos', everywhere],
}
for (const { name, learnsOutlines } of detectors())
  if (name !== 'fcos' && !learnsOutlines) rules[name] = [name, rulesOfDetector(name, sampled.input, {})]
const wanted = options.only?.split(',') ?? [...Object.keys(rules), SIDE_BY_SIDE]

async function open(detector: string, model: ModelRules) {
  const fcos = detector === 'fcos' ? model : sampled
  await dispatch(host, 'settings.set', { key: 'xray.model', value: JSON.parse(JSON.stringify(fcos)) })
  await dispatch(host, 'settings.set', { key: 'xray.detector', value: detector })
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  await page.goto(server.url)
  await page.getByRole('region', { name: 'This image', exact: true }).waitFor()
  return page
}

for (const [name, [detector, model]] of Object.entries(rules)) {
  if (!wanted.includes(name)) continue
  const blank = await browser.newPage()
  const computed = await compute(blank, model)
  await blank.close()
  const page = await open(detector, model)
  const positives = await page
    .getByText(/^Positive locations$/)
    .locator('+ dd')
    .innerText()
  const drags: Record<string, unknown> = {}
  const own = detectors()
    .find((one) => one.name === detector)!
    .views.map((view) => view.name)
  const shared = VIEWS.filter((view) => own.includes(view))
  for (const view of shared.length > 0 ? shared : [own[0]!]) {
    await page.getByRole('combobox', { name: 'View' }).selectOption(view)
    drags[view] = await drag(page, `${name} ${view}`)
  }
  results[name] = { positives, compute: computed, drags }
  await page.close()
}
if (wanted.includes(SIDE_BY_SIDE)) {
  const page = await open('fcos', sampled)
  await page.keyboard.press('Shift+S')
  await page.getByRole('region', { name: 'CenterNet' }).waitFor()
  results[SIDE_BY_SIDE] = await drag(page, SIDE_BY_SIDE)
  await page.close()
}
await browser.close()
await server.close()
await host.close()
await rm(folder, { recursive: true })
console.log(JSON.stringify({ boxes: boxes.length, picture: SIZE, results }))
