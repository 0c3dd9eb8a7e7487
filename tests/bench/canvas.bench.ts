/**
 * The canvas in a real browser with 5,000 boxes on a picture of 12 megapixels, as a user's hand moves it.
 * Prints one JSON line, times in milliseconds: node tests/bench/canvas.bench.ts
 *
 * script: processor time of JavaScript per animation frame, event handlers and drawing together, from the browser's trace.
 * feedback: by the clock, from the first pointer event that a frame got to the end of the drawing that shows it. It grows
 * with whatever else the machine is doing.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { openCanvasPage, photo } from '../support/canvas/browser.ts'
import { type FrameTimes, percentiles } from '../support/canvas/frame-times.ts'
import { measured, panAndZoom } from '../support/canvas/hand-in-browser.ts'

const SIZE = { width: 4000, height: 3000 }
const BOXES = 5000
const PICTURES = 6
const MEMORY_SWITCHES = 2000
/** From this id on, pictures are small ones. */
const MEGAPIXEL = 1000

const photos = await Promise.all(
  Array.from({ length: PICTURES }, (_, seed) => photo(SIZE.width, SIZE.height, seed)),
)
const megapixel = await photo(1000, 1000, 9)
const info = { ...SIZE, kind: 'whole', tileSize: 512, levels: 1, depth: 8, range: null }
await using canvas = await openCanvasPage({
  assets: (path) => {
    const small = Number(path.split('/')[3]) >= MEGAPIXEL
    if (path.endsWith('/info')) return small ? { ...info, width: 1000, height: 1000 } : info
    if (path.endsWith('/whole')) return small ? megapixel : photos[Number(path.split('/')[3])]
    return undefined
  },
})
const { page } = canvas
const sharp = () => page.waitForFunction(`page.readout?.picture === 'sharp'`)

await page.evaluate(`page.open(0, ${SIZE.width}, ${SIZE.height}, ${BOXES})`)
await sharp()
const { mouse } = page

await mouse.move(700, 450)
const panning = await measured(page, () => panAndZoom(page))
await page.evaluate('page.view.fit()')

async function dragBox(): Promise<void> {
  await mouse.move(723, 451)
  await mouse.down()
  for (let step = 0; step < 120; step++) await mouse.move(723 + 3 * (step % 40), 451 + 2 * (step % 30))
  await mouse.up()
}
await page.evaluate(
  `page.select([page.scene.shapes[2500].id], 'replace'); page.view.zoomToSelection(); page.view.zoomTo(1)`,
)
await mouse.move(720, 450)
const moving = await measured(page, dragBox)
const moves = await page.evaluate(`page.calls.filter(([name]) => name === 'change').length`)

await page.evaluate(`page.view.fit(); page.view.tool = 'draw'`)
const drawing = await measured(page, dragBox)
const drawn = await page.evaluate(`page.calls.filter(([name]) => name === 'add').length`)

/** Resident memory of the browser's processes that show pages, MB. */
async function residentMemory(): Promise<number> {
  const session = await page.context().browser()!.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  const resident = ({ id }: { id: number }) =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))![1])
  return (
    processInfo.filter(({ type }) => type === 'renderer').reduce((sum, one) => sum + resident(one), 0) / 1024
  )
}

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
  await wait(1500)
  switches.push(await switchTo(id))
}

/** Pictures of a megapixel, so that the cache is full long before the first look at memory. */
async function memoryGrowth(): Promise<number> {
  const next = (id: number) =>
    page.evaluate(`new Promise((resolve) => {
      page.open(${id}, 1000, 1000, 50)
      page.view.prefetch([${id} + 1, ${id} + 2])
      const look = () => page.readout.picture === 'sharp' ? resolve() : requestAnimationFrame(look)
      requestAnimationFrame(look)
    })`)
  for (let id = 0; id < 300; id++) await next(MEGAPIXEL + id)
  const before = await residentMemory()
  for (let id = 300; id < MEMORY_SWITCHES; id++) await next(MEGAPIXEL + id)
  return Math.round((await residentMemory()) - before)
}
const memoryGrowthMb = await memoryGrowth()

const scripts = (times: readonly FrameTimes[]) => percentiles(times.map(({ script }) => script))
const gesture = (times: readonly FrameTimes[]) => ({
  script: scripts(times),
  feedback: percentiles(times.flatMap(({ feedback }) => feedback ?? [])),
})
console.log(
  JSON.stringify({
    boxes: BOXES,
    picture: SIZE,
    panningAndZooming: { script: scripts(panning) },
    movingOne: { ...gesture(moving), moves },
    drawingOne: { ...gesture(drawing), drawn },
    nextImageSharp: percentiles(switches),
    memoryGrowthMb,
  }),
)
