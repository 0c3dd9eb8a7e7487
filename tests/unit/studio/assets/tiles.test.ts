import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ImageInfo } from '../../../../src/core/contract/image-assets.ts'
import { storedRegion } from '../../../../src/main/images/orientation.ts'
import { ImageAssets } from '../../../../src/main/studio/assets/image-assets.ts'
import { bmp, tiff } from '../../../support/image-bytes.ts'

/** A long picture goes in tiles although it is small. */
const [WIDTH, HEIGHT] = [16_500, 600]

let folder: string
let assets: ImageAssets
const files: string[] = []
const progress: number[] = []

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fcos-tiles-'))
  assets = new ImageAssets({
    cache: join(folder, 'cache'),
    fileOf: (id) => files[id - 1]!,
    onTiles: (_, done) => progress.push(done),
  })
})
afterAll(() => rmSync(folder, { recursive: true }))

function add(name: string, bytes: Uint8Array): number {
  files.push(join(folder, name))
  writeFileSync(files.at(-1)!, bytes)
  return files.length
}

function get(address: string, signal?: AbortSignal) {
  const [path, query] = address.split('?')
  return assets.respond(path!, new URLSearchParams(query), signal)
}
const json = ({ body }: { body: unknown }) => JSON.parse(String(body))

async function tile(id: number, level: number, column: number, row: number, query = '') {
  const response = await get(`/asset/image/${id}/tile/${level}/${column}/${row}${query}`)
  expect([response.status, response.status === 200 || json(response)]).toEqual([200, true])
  const { data, info } = await sharp(response.body as Buffer)
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { ...info, data }
}

/** Red and green tell the place in the stored picture; blue is 7. */
const stored = (x: number, y: number): number[] => [x % 251, y % 241, 7]
const rgb = () => {
  const data = new Uint8Array(WIDTH * HEIGHT * 3)
  for (let i = 0; i < data.length / 3; i++) data.set(stored(i % WIDTH, Math.floor(i / WIDTH)), 3 * i)
  return data
}

/** Where a displayed pixel lies in the stored picture, by EXIF orientation (rows and columns of tag 274). */
const STORED_AT: Record<number, (x: number, y: number) => [number, number]> = {
  1: (x, y) => [x, y],
  2: (x, y) => [WIDTH - 1 - x, y],
  3: (x, y) => [WIDTH - 1 - x, HEIGHT - 1 - y],
  4: (x, y) => [x, HEIGHT - 1 - y],
  5: (x, y) => [y, x],
  6: (x, y) => [y, HEIGHT - 1 - x],
  7: (x, y) => [WIDTH - 1 - y, HEIGHT - 1 - x],
  8: (x, y) => [WIDTH - 1 - y, x],
}

it.each([1, 2, 3, 4, 5, 6, 7, 8] as const)(
  'a region is found in the stored picture, EXIF orientation %i',
  (orientation) => {
    const region = { left: 20, top: 30, width: 7, height: 5 }
    const stored = storedRegion(region, { width: WIDTH, height: HEIGHT }, orientation)
    const corners = [STORED_AT[orientation]!(20, 30), STORED_AT[orientation]!(26, 34)]
    const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)]
    expect(stored).toEqual({
      ...{ left: Math.min(...xs), top: Math.min(...ys) },
      width: Math.max(...xs) - Math.min(...xs) + 1,
      height: Math.max(...ys) - Math.min(...ys) + 1,
    })
  },
)

describe('large pictures', () => {
  it.each([1, 3, 6, 7])('are cut into exact tiles as displayed, EXIF orientation %i', async (orientation) => {
    const id = add(`${orientation}.tif`, tiff(WIDTH, HEIGHT, rgb(), { channels: 3, orientation }))
    const isTurned = orientation > 4
    const size = isTurned ? { width: HEIGHT, height: WIDTH } : { width: WIDTH, height: HEIGHT }

    const before = ImageInfo.parse(json(await get(`/asset/image/${id}/info`)))
    // Of 16500, 8250, 4125, 2062, 1031, 515, 257 px
    expect(before).toMatchObject({ ...size, kind: 'tiled', tileSize: 512, levels: 7, tilesReady: false })
    expect((await get(`/asset/image/${id}/whole`)).status).toBe(404)

    const last = { column: Math.floor((size.width - 1) / 512), row: Math.floor((size.height - 1) / 512) }
    for (const [column, row] of [
      [0, 0],
      [last.column, last.row],
    ] as const) {
      const { width, height, data } = await tile(id, 0, column, row)
      expect([width, height]).toEqual([
        Math.min(512, size.width - 512 * column),
        Math.min(512, size.height - 512 * row),
      ])
      for (const [x, y] of [
        [0, 0],
        [width - 1, 0],
        [3, height - 1],
        [width - 1, height - 1],
      ] as const) {
        const expected = stored(...STORED_AT[orientation]!(512 * column + x, 512 * row + y))
        expect(Array.from(data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3))).toEqual(expected)
      }
    }
    // The smallest level is one tile.
    const whole = await tile(id, 6, 0, 0)
    expect(Math.max(whole.width, whole.height)).toBe(257)
    expect((await get(`/asset/image/${id}/tile/7/0/0`)).status).toBe(404)
    expect((await get(`/asset/image/${id}/tile/0/${last.column + 1}/0`)).status).toBe(404)
    for (const what of [`image/${id}/overview`, `thumbnail/${id}`]) {
      const { width, height } = await sharp((await get(`/asset/${what}`)).body as Buffer).metadata()
      expect(width > height).toBe(!isTurned)
    }
  })

  it('tell how far they are', () => {
    expect(progress.at(-1)).toBe(1)
    expect(progress.filter((done) => !(done > 0 && done <= 1))).toEqual([])
  })

  it('of 16 bits are cut as they are and shown through a window', async () => {
    const values = Uint16Array.from({ length: WIDTH * 3 }, (_, i) => i % WIDTH)
    const id = add('deep.tif', tiff(WIDTH, 3, values))
    const { range } = json(await get(`/asset/image/${id}/info`))
    // From about every sixteenth of its columns.
    expect(range[1]).toBeGreaterThan(WIDTH - 34)
    expect(range[0]).toBeLessThan(34)
    const { data, channels } = await tile(id, 0, 2, 0, '?low=1000&high=1510')
    // (2 · 512 − 1000) / 510 · 255, and so on
    expect([0, 100, 400].map((x) => data[x * channels])).toEqual([12, 62, 212])
  })

  it('may be BMP files, which are unpacked first', async () => {
    const pixels = Array.from({ length: WIDTH * 4 }, (_, i) => (i < WIDTH * 2 ? i % 200 : 200 + (i % 50)))
    const palette = Array.from({ length: 1024 }, (_, i) => (i % 4 === 3 ? 0 : (i >> 2) ^ (i % 4)))
    const id = add('large.bmp', bmp({ width: WIDTH, height: 4, bits: 8, palette, pixels }))
    expect((await get(`/asset/thumbnail/${id}`)).status).toBe(200)
    const { data } = await tile(id, 0, 1, 0)
    // Rows from the bottom, and the palette's entries are blue, green, red.
    const at = (x: number, y: number) => pixels[(3 - y) * WIDTH + x]!
    for (const [x, y] of [
      [0, 0],
      [300, 1],
      [511, 3],
    ] as const) {
      const value = at(512 + x, y)
      expect(Array.from(data.subarray(3 * (y * 512 + x), 3 * (y * 512 + x) + 3))).toEqual([
        value ^ 2,
        value ^ 1,
        value,
      ])
    }
  })

  it('may be one pixel wide', async () => {
    const id = add('line.tif', tiff(1, 20_000, new Uint8Array(20_000).fill(9)))
    expect(json(await get(`/asset/image/${id}/info`)).levels).toBe(1)
    expect(await tile(id, 0, 0, 39)).toMatchObject({ width: 1, height: 20_000 - 39 * 512 })
  })

  it('are made anew when the cache was deleted', async () => {
    rmSync(join(folder, 'cache'), { recursive: true })
    expect(json(await get('/asset/image/1/info')).tilesReady).toBe(false)
    expect((await get('/asset/image/1/tile/0/0/0')).status).toBe(200)
  })

  it('that are damaged have a coded error and leave nothing behind', async () => {
    const id = add('cut.tif', tiff(WIDTH, HEIGHT, rgb(), { channels: 3 }).subarray(0, 9_000_000))
    for (let i = 0; i < 2; i++) {
      const response = await get(`/asset/image/${id}/tile/0/0/0`)
      expect([response.status, json(response).code]).toEqual([422, 'DATA_IMAGE_BROKEN'])
    }
    expect(readdirSync(join(folder, 'cache', 'work'))).toEqual([])
  })

  it('are made for one who waits when another gives up', async () => {
    const id = add('shared.tif', tiff(WIDTH, HEIGHT, rgb(), { channels: 3 }))
    const [one, other] = [new AbortController(), new AbortController()]
    const waits = [one, other].map(({ signal }) => get(`/asset/image/${id}/tile/0/0/0`, signal))
    one.abort()
    await expect(waits[0]).rejects.toThrow(/abort/)
    await expect.poll(() => readdirSync(join(folder, 'cache', 'work')).length).toBe(1)
    expect((await waits[1])!.status).toBe(200)
  })

  it('are given up when nobody waits any more', async () => {
    const id = add('unwanted.tif', tiff(WIDTH, HEIGHT, rgb(), { channels: 3 }))
    // A process that never ends by itself.
    const root = join(folder, 'place')
    const entry = join(root, 'src/main/images/pyramid-process.ts')
    mkdirSync(dirname(entry), { recursive: true })
    writeFileSync(entry, 'setInterval(() => {}, 1000)')
    const cache = join(folder, 'other cache')
    const slow = new ImageAssets({
      cache,
      fileOf: (i) => files[i - 1]!,
      place: { node: process.execPath, root },
    })
    const stop = new AbortController()
    const wait = slow.prepareTiles(id, { signal: stop.signal })
    await expect
      .poll(() => existsSync(join(cache, 'work')) && readdirSync(join(cache, 'work')).length)
      .toBe(1)
    stop.abort()
    await expect(wait).rejects.toThrow(/abort/)
    await expect.poll(() => readdirSync(join(cache, 'work')), { timeout: 10_000 }).toEqual([])
  })
})
