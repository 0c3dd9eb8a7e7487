/**
 * The canvas in a real browser with 1,000 polygons of 50 vertices and one of 6,000, as canvas.bench.ts measures boxes: panned and
 * zoomed, and a vertex of the large one dragged. Prints one JSON line, times in milliseconds: node tests/bench/polygons.bench.ts
 */
import { openCanvasPage, photo } from '../support/canvas/browser.ts'
import { type FrameTimes, percentiles } from '../support/canvas/frame-times.ts'
import { measured, panAndZoom } from '../support/canvas/hand-in-browser.ts'

const SIZE = { width: 4000, height: 3000 }
const POLYGONS = 1000
const VERTICES = 50
const LARGE = 6000

const picture = await photo(SIZE.width, SIZE.height, 0)
const info = { ...SIZE, kind: 'whole', tileSize: 512, levels: 1, depth: 8, range: null }
await using canvas = await openCanvasPage({
  assets: (path) => (path.endsWith('/info') ? info : path.endsWith('/whole') ? picture : undefined),
})
const { page, faults } = canvas
const { mouse } = page
await page.evaluate(`page.open(0, ${SIZE.width}, ${SIZE.height}, ${POLYGONS}, ${VERTICES})`)
await page.evaluate(`page.addCoast([200, 150, 3800, 2850], ${LARGE})`)
await page.waitForFunction(`page.readout?.picture === 'sharp'`)

const scripts = (times: readonly FrameTimes[]) => percentiles(times.map(({ script }) => script))
const feedback = (times: readonly FrameTimes[]) => percentiles(times.flatMap((one) => one.feedback ?? []))

await mouse.move(700, 450)
const panning = await measured(page, () => panAndZoom(page))

/** The first vertex is on the box's right side, in the middle of its height. */
await page.evaluate(
  `page.view.fit(); page.view.tool = 'select'; page.select([page.scene.shapes.at(-1).id], 'replace')`,
)
const [x, y] = await page.evaluate<[number, number]>(`page.toScreen(3800, 1500)`)
await mouse.move(x, y)
const editing = await measured(page, async () => {
  await mouse.down()
  for (let step = 0; step < 120; step++) await mouse.move(x - 3 * (step % 40), y + 2 * (step % 30))
  await mouse.up()
})
const changed = await page.evaluate<number>(
  `page.calls.filter(([name]) => name === 'change').length && page.scene.shapes.at(-1).segmentation[0].length / 2`,
)

await page.evaluate(`page.view.tool = 'polygon'; page.select([], 'replace')`)
await mouse.move(300, 200)
const drawing = await measured(page, async () => {
  await mouse.down()
  for (let step = 0; step < 400; step++) {
    const turn = (step / 400) * 2 * Math.PI
    await mouse.move(700 - 400 * Math.cos(turn), 400 - 200 * Math.sin(turn) - 200 * (1 - step / 400))
  }
  await mouse.up()
})
console.log(
  JSON.stringify({
    polygons: [POLYGONS, VERTICES],
    large: LARGE,
    panningAndZooming: { script: scripts(panning) },
    draggingVertex: { script: scripts(editing), feedback: feedback(editing), verticesAfter: changed },
    drawingFreehand: { script: scripts(drawing), feedback: feedback(drawing) },
    faults,
  }),
)
