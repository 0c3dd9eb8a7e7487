/** The canvas alone in a real browser: what reaches its port, and which pixels it shows. */
import { setTimeout as wait } from 'node:timers/promises'
import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Assets, type CanvasPage, openCanvasPage } from '../support/canvas/browser.ts'

const VIEWPORT = { width: 848, height: 648 }
/** Fits with a scale of 2 and its corner at 24, 24. */
const IMAGE = { width: 400, height: 300 }
const INFO = { ...IMAGE, kind: 'whole', tileSize: 512, levels: 1, depth: 8, range: null }
const place = (x: number, y: number) => [24 + 2 * x, 24 + 2 * y] as const

const plain = (colour: string, { width, height } = IMAGE) =>
  sharp({ create: { width, height, channels: 3, background: colour } })
    .png()
    .toBuffer()

let assets: Assets
let canvas: CanvasPage
beforeAll(async () => {
  canvas = await openCanvasPage({ viewport: VIEWPORT, assets: (path) => assets(path) })
})
afterAll(() => canvas[Symbol.asyncDispose]())

beforeEach(async () => {
  const picture = await plain('#808080')
  assets = (path) => (path.endsWith('/info') ? INFO : path.endsWith('/whole') ? picture : undefined)
  await canvas.page.reload()
  await canvas.page.waitForFunction('globalThis.page')
})

const evaluate = <T>(script: string): Promise<T> => canvas.page.evaluate<T>(script)
const open = (boxes = 0, { width, height } = IMAGE) => evaluate(`page.open(1, ${width}, ${height}, ${boxes})`)
const reaches = (state: string) => canvas.page.waitForFunction(`page.readout?.picture === '${state}'`)
const calls = () => evaluate<[string, unknown][]>('page.calls')
const frame = () =>
  evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))')

/** What is on the screen. */
async function screen() {
  await frame()
  const { data, info } = await sharp(await canvas.page.screenshot())
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)]
}

describe('gestures', () => {
  test('a drag draws one box, whose draft was told all the way', async () => {
    const { mouse } = canvas.page
    await open()
    await evaluate(`page.view.tool = 'draw'`)
    await mouse.move(...place(50, 60))
    await mouse.down()
    await mouse.move(...place(150, 160), { steps: 8 })
    await frame()
    const drafts = await evaluate<({ id: null; box: number[] }[] | null)[]>('page.drafts')
    expect(drafts.at(-1)).toEqual([{ id: null, box: [50, 60, 150, 160] }])
    expect(await evaluate('page.readout.size')).toEqual({ width: 100, height: 100 })
    await mouse.up()
    await frame()
    expect(await calls()).toEqual([['add', [50, 60, 150, 160]]])
    expect(await evaluate('page.drafts.at(-1)')).toBeNull()
  })

  test('Escape leaves a gesture, then the selection, then there is nothing left to leave', async () => {
    const { mouse } = canvas.page
    await open()
    await evaluate(`page.show({ shapes: [page.box([50, 50, 150, 150], 0)] })`)
    await mouse.move(...place(100, 100))
    await mouse.down()
    await mouse.move(...place(140, 120))
    expect(await evaluate('page.view.escape()')).toBe(true)
    await mouse.up()
    expect(await evaluate('page.scene.shapes[0].box')).toEqual([50, 50, 150, 150])
    expect(await evaluate('[page.view.escape(), page.view.escape()]')).toEqual([true, false])
    expect(await evaluate('page.scene.selection.size')).toBe(0)
  })

  test('Ctrl with the wheel zooms at the cursor; the wheel, the middle button and space pan', async () => {
    const { mouse, keyboard } = canvas.page
    await open()
    const cursor = () => evaluate<{ x: number; y: number }>('page.readout.cursor')
    await mouse.move(...place(120, 80))
    await keyboard.down('Control')
    for (let turn = 0; turn < 5; turn++) await mouse.wheel(0, -100)
    await keyboard.up('Control')
    await canvas.page.waitForFunction('page.readout.zoom > 6')
    expect((await cursor()).x).toBeCloseTo(120, 6)
    expect((await cursor()).y).toBeCloseTo(80, 6)
    const zoom = await evaluate<number>('page.readout.zoom')
    await mouse.wheel(10, 20)
    await canvas.page.waitForFunction('Math.abs(page.readout.cursor.x - 120) > 1')
    expect((await cursor()).x).toBeCloseTo(120 + 10 / zoom, 6)
    expect((await cursor()).y).toBeCloseTo(80 + 20 / zoom, 6)

    const before = await cursor()
    await mouse.down({ button: 'middle' })
    await mouse.move(300, 150)
    await mouse.up({ button: 'middle' })
    await evaluate(`page.view.tool = 'draw'`)
    await keyboard.down('Space')
    await mouse.down()
    await mouse.move(320, 190)
    await mouse.up()
    await keyboard.up('Space')
    await frame()
    // The image went with the hand: the same point is under it.
    expect((await cursor()).x).toBeCloseTo(before.x, 6)
    expect(await calls()).toEqual([])
    await mouse.down()
    await mouse.move(360, 240)
    await mouse.up()
    expect((await calls()).map(([name]) => name)).toEqual(['add'])
  })

  test('the hand moves the picture with the pointer', async () => {
    const { mouse } = canvas.page
    await open()
    await evaluate(`page.view.zoomTo(8); page.view.tool = 'pan'`)
    await mouse.move(400, 300)
    await frame()
    const before = await evaluate('page.readout.cursor')
    await mouse.down()
    await mouse.move(440, 330, { steps: 4 })
    await mouse.up()
    await frame()
    expect(await evaluate('page.readout.cursor')).toEqual(before)
    expect(canvas.faults).toEqual([])
  })

  test('nudging stops at the edge of the image and leaves locked boxes alone', async () => {
    await open()
    await evaluate(
      `page.show({ shapes: [page.box([0.5, 5, 20, 20], 0), page.box([50, 50, 60, 60], 0, { locked: true })] })`,
    )
    await evaluate(`page.select([...page.scene.shapes.map(({ id }) => id)], 'replace')`)
    await evaluate('page.view.nudge(-10, 1); page.view.nudge(-1, 0); void 0')
    expect(await evaluate('page.scene.shapes.map(({ box }) => box)')).toEqual([
      [0, 6, 19.5, 21],
      [50, 50, 60, 60],
    ])
    expect((await calls()).filter(([name]) => name === 'change')).toHaveLength(1)
  })
})

describe('pictures', () => {
  test('pixels have hard edges from 100% on', async () => {
    const half = { width: 2, height: 4, channels: 3, background: '#0000ff' } as const
    const blue = await sharp({ create: half }).png().toBuffer()
    const red = { create: { ...half, width: 4, background: '#ff0000' } }
    const picture = await sharp(red)
      .composite([{ input: blue, left: 2, top: 0 }])
      .png()
      .toBuffer()
    const size = { width: 4, height: 4 }
    assets = (path) =>
      path.endsWith('/info') ? { ...INFO, ...size } : path.endsWith('/whole') ? picture : undefined
    await open(0, size)
    await reaches('sharp')
    await evaluate('page.view.zoomTo(15)')
    const at = await screen()
    const middle = VIEWPORT.width / 2
    expect([at(middle - 1, 320), at(middle, 320)]).toEqual([
      [255, 0, 0],
      [0, 0, 255],
    ])
  })

  test('the thumbnail is shown until the picture is there', async () => {
    const [thumbnail, picture] = await Promise.all([
      plain('#00ff00', { width: 40, height: 30 }),
      plain('#ff0000'),
    ])
    let deliver = () => {}
    const delivered = new Promise<void>((resolve) => {
      deliver = resolve
    })
    assets = (path) => {
      if (path.endsWith('/info')) return INFO
      return path.includes('thumbnail') ? thumbnail : delivered.then(() => picture)
    }
    await open()
    await reaches('preview')
    expect((await screen())(400, 300)).toEqual([0, 255, 0])
    deliver()
    await reaches('sharp')
    expect((await screen())(400, 300)).toEqual([255, 0, 0])
  })

  test('a neighbour fetched ahead is sharp in its first frame', async () => {
    const pictures = await Promise.all([plain('#ff0000'), plain('#0000ff')])
    const asked: string[] = []
    assets = (path) => {
      asked.push(path)
      return path.endsWith('/info')
        ? INFO
        : path.endsWith('/whole')
          ? pictures[path.includes('/2/') ? 1 : 0]
          : undefined
    }
    await open()
    await evaluate('page.view.prefetch([2])')
    await reaches('sharp')
    while (!asked.includes('/asset/image/2/whole')) await wait(10)
    await wait(200)
    const states = await evaluate<string[]>(`new Promise((done) => {
      page.open(2, 400, 300, 0)
      requestAnimationFrame(() => done([page.readout.picture]))
    })`)
    expect(states).toEqual(['sharp'])
    expect((await screen())(400, 300)).toEqual([0, 0, 255])
  })

  test('an image that cannot be had is told', async () => {
    assets = () => undefined
    await open()
    await reaches('failed')
  })

  test('of a tiled picture only tiles in sight are fetched, and they meet without a seam', async () => {
    const size = { width: 20000, height: 15000 }
    const tile = await plain('#ff0000', { width: 512, height: 512 })
    const tiles: string[] = []
    assets = (path) => {
      if (path.endsWith('/info')) return { ...INFO, ...size, kind: 'tiled', levels: 6 }
      if (!path.includes('/tile/')) return undefined
      tiles.push(path)
      return tile
    }
    await open(0, size)
    await evaluate('page.view.zoomTo(0.77)')
    while (!tiles.some((path) => path.includes('/tile/0/'))) await wait(10)
    await wait(500)
    const at = await screen()
    const seen = new Set<string>()
    for (let x = 0; x < VIEWPORT.width; x++) seen.add(`${at(x, 300)}`)
    for (let y = 0; y < VIEWPORT.height; y++) seen.add(`${at(400, y)}`)
    expect([...seen]).toEqual(['255,0,0'])
    // 848 / (512 · 0.77) = 2.2 tiles by 1.6: at most four columns of three.
    expect(tiles.filter((path) => path.includes('/tile/0/')).length).toBeLessThanOrEqual(12)
  })

  test('an overlay is drawn in image coordinates, and follows a draft within the same frame', async () => {
    await open()
    await reaches('sharp')
    await evaluate(`page.view.setOverlay({ draw: (context) => {
      context.fillStyle = '#00ff00'
      context.fillRect(...(globalThis.held ?? [100, 100, 20, 20]))
    } })`)
    const at = await screen()
    expect(at(...place(101, 101))).toEqual([0, 255, 0])
    expect(at(...place(121, 121))).toEqual([128, 128, 128])
    const drawnIn = await evaluate<number[]>(`(() => {
      const frames = []
      let count = 0
      page.view.setOverlay({ draw: () => frames.push(count) })
      page.draft = (boxes) => { page.view.invalidateOverlay(); frames.push(count) }
      page.view.tool = 'draw'
      const send = (type, x, y) => document.querySelector('#canvas').dispatchEvent(new PointerEvent(type, { clientX: x, clientY: y, pointerId: 1, button: 0 }))
      Element.prototype.setPointerCapture = () => {}
      send('pointerdown', 100, 100)
      send('pointermove', 200, 200)
      return new Promise((done) => requestAnimationFrame(() => { count++; requestAnimationFrame(() => done(frames)) }))
    })()`)
    expect(drawnIn).toEqual([0, 0])
  })
})
