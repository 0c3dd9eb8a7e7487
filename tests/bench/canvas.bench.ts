/**
 * The canvas in a real browser with 5,000 boxes on a picture of 12 megapixels, as a user's hand moves it.
 * Prints one JSON line: node tests/bench/canvas.bench.ts
 *
 * script: milliseconds of JavaScript per animation frame, event handlers and drawing together.
 * feedback: from the first pointer event that a frame got to the end of the drawing that shows it.
 * latency: the same from the event's time stamp; the browser holds events back for up to a frame, 17 ms.
 */
import { openCanvasPage, photo } from '../support/canvas/browser.ts'

const SIZE = { width: 4000, height: 3000 }
const BOXES = 5000
const PICTURES = 6

/** Runs in the page: times every event handler and animation frame from the outside. */
function instrument(): void {
  const scope = globalThis as unknown as {
    frames: { script: number; feedback: number | null; latency: number | null }[]
    EventTarget: {
      prototype: { addEventListener: (name: string, handle: unknown, options: unknown) => void }
    }
    requestAnimationFrame: (callback: (time: number) => void) => number
  }
  scope.frames = []
  let handlers = 0
  let first: { dispatched: number; stamp: number } | null = null
  const listen = scope.EventTarget.prototype.addEventListener
  scope.EventTarget.prototype.addEventListener = function (name, handle, options) {
    const timed = (event: { timeStamp: number }) => {
      const start = performance.now()
      if (typeof handle === 'function') handle.call(this, event)
      handlers += performance.now() - start
      if (name.startsWith('pointer')) first ??= { dispatched: start, stamp: event.timeStamp }
    }
    listen.call(this, name, timed, options)
  }
  const request = scope.requestAnimationFrame.bind(globalThis)
  scope.requestAnimationFrame = (callback) =>
    request((time) => {
      const start = performance.now()
      callback(time)
      const end = performance.now()
      scope.frames.push({
        script: handlers + end - start,
        feedback: first && end - first.dispatched,
        latency: first && end - first.stamp,
      })
      handlers = 0
      first = null
    })
}

interface FrameTimes {
  readonly script: number
  readonly feedback: number | null
  readonly latency: number | null
}

function percentiles(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) =>
    Number(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!.toFixed(2))
  return { p50: at(0.5), p95: at(0.95), max: at(1), frames: sorted.length }
}

const photos = await Promise.all(
  Array.from({ length: PICTURES }, (_, seed) => photo(SIZE.width, SIZE.height, seed)),
)
const info = { ...SIZE, kind: 'whole', tileSize: 512, levels: 1, depth: 8, range: null }
await using canvas = await openCanvasPage({
  assets: (path) =>
    path.endsWith('/info') ? info : path.endsWith('/whole') ? photos[Number(path.split('/')[3])] : undefined,
  before: instrument,
})
const { page } = canvas
const sharp = () => page.waitForFunction(`page.readout?.picture === 'sharp'`)
const settle = () => page.waitForTimeout(400)

async function measured(act: () => Promise<void>): Promise<readonly FrameTimes[]> {
  await settle()
  await page.evaluate('frames.length = 0; void 0')
  await act()
  await settle()
  return page.evaluate('frames')
}

await page.evaluate(`page.open(0, ${SIZE.width}, ${SIZE.height}, ${BOXES})`)
await sharp()
const { mouse, keyboard } = page

async function panAndZoom(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) await mouse.wheel((turn % 2) * 30, 40)
  await keyboard.down('Control')
  for (let turn = 0; turn < 40; turn++) await mouse.wheel(0, turn < 20 ? -40 : 40)
  await keyboard.up('Control')
  await mouse.down({ button: 'middle' })
  for (let step = 0; step < 60; step++) await mouse.move(700 + 6 * (step % 20), 450 + 3 * step)
  await mouse.up({ button: 'middle' })
}

await mouse.move(700, 450)
const panning = await measured(panAndZoom)
await page.evaluate('page.view.fit()')

async function dragBox(): Promise<void> {
  await mouse.move(723, 451)
  await mouse.down()
  for (let step = 0; step < 120; step++) await mouse.move(723 + 3 * (step % 40), 451 + 2 * (step % 30))
  await mouse.up()
}
await page.evaluate(
  `page.select([page.scene.boxes[2500].id], 'replace'); page.view.zoomToSelection(); page.view.zoomTo(1)`,
)
await mouse.move(720, 450)
const moving = await measured(dragBox)
const moves = await page.evaluate(`page.calls.filter(([name]) => name === 'change').length`)

await page.evaluate(`page.view.fit(); page.view.tool = 'draw'`)
const drawing = await measured(dragBox)
const drawn = await page.evaluate(`page.calls.filter(([name]) => name === 'add').length`)

/** From asking for the next image to the end of the frame that has it sharp. */
async function switchTo(id: number): Promise<number> {
  return page.evaluate(`new Promise((resolve) => {
    const start = performance.now()
    page.open(${id}, ${SIZE.width}, ${SIZE.height}, 200)
    page.view.prefetch([${id} + 1, ${id} - 1].filter((at) => at < ${PICTURES}))
    const look = () => page.readout.picture === 'sharp' ? setTimeout(() => resolve(performance.now() - start)) : requestAnimationFrame(look)
    requestAnimationFrame(look)
  })`)
}
const switches: number[] = []
await switchTo(0)
for (let id = 1; id < PICTURES; id++) {
  await page.waitForTimeout(1500)
  switches.push(await switchTo(id))
}

const scripts = (times: readonly FrameTimes[]) => percentiles(times.map(({ script }) => script))
const pointerTimes = (times: readonly FrameTimes[], name: 'feedback' | 'latency') =>
  percentiles(times.flatMap((time) => time[name] ?? []))
const gesture = (times: readonly FrameTimes[]) => ({
  script: scripts(times),
  feedback: pointerTimes(times, 'feedback'),
  latency: pointerTimes(times, 'latency'),
})
console.log(
  JSON.stringify({
    boxes: BOXES,
    picture: SIZE,
    panningAndZooming: { script: scripts(panning) },
    movingOne: { ...gesture(moving), moves },
    drawingOne: { ...gesture(drawing), drawn },
    nextImageSharp: percentiles(switches),
  }),
)
