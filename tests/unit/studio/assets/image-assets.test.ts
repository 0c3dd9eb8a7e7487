import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ImageInfo } from '../../../../src/core/contract/image-assets.ts'
import { CodedError } from '../../../../src/core/errors.ts'
import { ImageAssets } from '../../../../src/main/studio/assets/image-assets.ts'
import type { AssetResponse } from '../../../../src/main/studio/assets/responses.ts'
import { bmp, tiff } from '../../../support/image-bytes.ts'

let folder: string
let assets: ImageAssets
const files: string[] = []

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fcos-assets-'))
  const fileOf = (id: number): string => {
    if (!files[id - 1]) throw new CodedError('USAGE_IMAGE', `There is no image ${id}`)
    return files[id - 1]!
  }
  assets = new ImageAssets({ cache: join(folder, 'cache'), fileOf })
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Adds an image and says its id. */
function add(name: string, bytes: Uint8Array): number {
  files.push(join(folder, name))
  writeFileSync(files.at(-1)!, bytes)
  return files.length
}

function get(address: string, tag?: string): Promise<AssetResponse> {
  const [path, query] = address.split('?')
  return assets.respond(path!, new URLSearchParams(query), undefined, tag)
}

const bytesOf = ({ body }: AssetResponse): Buffer => (Buffer.isBuffer(body) ? body : readFileSync(body.file))
const json = (response: AssetResponse) => JSON.parse(bytesOf(response).toString())
const info = async (id: number) => ImageInfo.parse(json(await get(`/asset/image/${id}/info`)))

/** Pixels as a browser sees them: width, height and RGB, or one value where the picture is grey. */
async function seen(response: AssetResponse) {
  expect([response.status, response.status === 200 ? '' : bytesOf(response).toString()]).toEqual([200, ''])
  const { data, info: size } = await sharp(bytesOf(response))
    .autoOrient()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const pixels = Array.from({ length: size.width * size.height }, (_, i) =>
    Array.from(data.subarray(i * size.channels, i * size.channels + Math.min(3, size.channels))),
  )
  return { width: size.width, height: size.height, pixels }
}

// A B C     each 16 × 16 px, so that JPEG keeps them apart
// D E F
const COLOURS = [
  [250, 0, 0],
  [0, 250, 0],
  [0, 0, 250],
  [250, 250, 0],
  [250, 250, 250],
  [0, 0, 0],
]
const blocks = Uint8Array.from({ length: 48 * 32 * 3 }, (_, i) => {
  const [x, y] = [Math.floor(i / 3) % 48, Math.floor(i / 3 / 48)]
  return COLOURS[Math.floor(y / 16) * 3 + Math.floor(x / 16)]![i % 3]!
})
const picture = () => sharp(blocks, { raw: { width: 48, height: 32, channels: 3 } })

/** What the EXIF standard makes of A to F: rows of the picture as displayed. */
const DISPLAYED: [orientation: number, rows: string][] = [
  [1, 'ABC DEF'],
  [2, 'CBA FED'],
  [3, 'FED CBA'],
  [4, 'DEF ABC'],
  [5, 'AD BE CF'],
  [6, 'DA EB FC'],
  [7, 'FC EB DA'],
  [8, 'CF BE AD'],
]

/** The letters of the blocks, from the pixels in their middles. */
function letters({ width, height, pixels }: Awaited<ReturnType<typeof seen>>): string {
  const rows = width > height ? 2 : 3
  const block = height / rows
  return Array.from({ length: rows }, (_, r) =>
    Array.from({ length: 5 - rows }, (_, c) => {
      const pixel = pixels[Math.floor((r + 0.5) * block) * width + Math.floor((c + 0.5) * block)]!
      const index = COLOURS.findIndex((colour) =>
        colour.every((value, i) => Math.abs(value - pixel[i]!) < 40),
      )
      return 'ABCDEF'[index] ?? '?'
    }).join(''),
  ).join(' ')
}

describe('pictures of 8 bits', () => {
  it.each(DISPLAYED)('are shown as EXIF orientation %i says', async (orientation, rows) => {
    const size = orientation < 5 ? { width: 48, height: 32 } : { width: 32, height: 48 }
    for (const [name, encode] of [
      ['jpg', picture().jpeg({ quality: 100 })],
      ['png', picture().png()],
      ['webp', picture().webp({ lossless: true })],
      ['tif', picture().tiff({ compression: 'none' })],
    ] as const) {
      const id = add(`${orientation}.${name}`, await encode.withMetadata({ orientation }).toBuffer())
      expect(await info(id)).toMatchObject({ ...size, depth: 8, kind: 'whole' })
      const whole = await get(`/asset/image/${id}/whole`)
      expect(letters(await seen(whole))).toBe(rows)
      // Only of JPEG files is it certain that browsers turn them.
      if (name !== 'jpg' && orientation > 1)
        expect((await sharp(bytesOf(whole)).metadata()).orientation ?? 1).toBe(1)
      const thumbnail = await get(`/asset/thumbnail/${id}`)
      expect(thumbnail.type).toBe('image/jpeg')
      expect(letters(await seen(thumbnail))).toBe(rows)
    }
  })

  it.each([
    ['jpeg', () => picture().jpeg()],
    ['png', () => picture().png()],
    ['webp', () => picture().webp()],
    ['gif', () => picture().gif()],
    ['avif', () => picture().avif()],
  ])('go to the browser as they are: %s', async (format, encode) => {
    const id = add(`as is.${format}`, await encode().toBuffer())
    expect(await get(`/asset/image/${id}/whole`)).toMatchObject({
      ...{ status: 200, type: `image/${format}` },
      body: { file: files[id - 1] },
    })
  })

  it('keep every value of a TIFF file', async () => {
    const values = Uint8Array.from({ length: 5 * 3 * 3 }, (_, i) => (i * 41) % 256)
    const id = add('exact.tif', tiff(5, 3, values, { channels: 3 }))
    const shown = await seen(await get(`/asset/image/${id}/whole`))
    expect(shown.pixels.flat()).toEqual(Array.from(values))
  })

  it('may have one pixel', async () => {
    const id = add('one.tif', tiff(1, 1, Uint8Array.of(1, 2, 3), { channels: 3 }))
    expect(await info(id)).toEqual({
      ...{ width: 1, height: 1, depth: 8, channels: 3, kind: 'whole' },
      ...{ tileSize: 512, levels: 1, tilesReady: false, range: null, window: null },
    })
    expect(await seen(await get(`/asset/image/${id}/whole`))).toEqual({
      width: 1,
      height: 1,
      pixels: [[1, 2, 3]],
    })
    expect(await seen(await get(`/asset/thumbnail/${id}`))).toMatchObject({ width: 1, height: 1 })
  })

  it('may be BMP files', async () => {
    const parts = { width: 1, height: 2, bits: 32, pixels: [3, 2, 1, 0, 6, 5, 4, 0] }
    const id = add('deep.bmp', bmp(parts))
    expect((await seen(await get(`/asset/image/${id}/whole`))).pixels).toEqual([
      [4, 5, 6],
      [1, 2, 3],
    ])
    const plain = add('plain.bmp', bmp({ ...parts, bits: 24, pixels: [3, 2, 1, 0, 6, 5, 4, 0] }))
    expect(await get(`/asset/image/${plain}/whole`)).toMatchObject({
      type: 'image/bmp',
      body: { file: files[plain - 1] },
    })
    expect(await seen(await get(`/asset/thumbnail/${plain}`))).toMatchObject({ width: 1, height: 2 })
  })

  it('have thumbnails of at most 256 px that leave the shape', async () => {
    const id = add('wide.png', await picture().resize(1000, 300, { fit: 'fill' }).png().toBuffer())
    expect(await seen(await get(`/asset/thumbnail/${id}`))).toMatchObject({ width: 256, height: 77 })
  })
})

describe('pictures of more than 8 bits', () => {
  const ramp = Uint16Array.from({ length: 1001 }, (_, i) => i * 10)

  it('tell the range of their values, without the outermost half percent as a window', async () => {
    const id = add('ramp.tif', tiff(1001, 1, ramp))
    expect(await info(id)).toMatchObject({ depth: 16, range: [0, 10_000], window: { low: 50, high: 9950 } })
  })

  it('are shown through a window', async () => {
    const values = Uint16Array.of(0, 1000, 1500, 2000, 65_535, 1100)
    const id = add('window.tif', tiff(3, 2, values))
    const { pixels } = await seen(await get(`/asset/image/${id}/whole?low=1000&high=2000`))
    expect(pixels.map(([value]) => value)).toEqual([0, 0, 128, 255, 255, 26])
  })

  it('are shown through the suggested window first, thumbnails always', async () => {
    const values = Uint16Array.from({ length: 200 }, (_, i) => (i < 100 ? 3000 : 4000))
    const id = add('auto.tif', tiff(20, 10, values))
    const { pixels } = await seen(await get(`/asset/image/${id}/whole`))
    expect([pixels[0]![0], pixels[199]![0]]).toEqual([0, 255])
    const small = await seen(await get(`/asset/thumbnail/${id}`))
    expect(small.pixels[0]![0]).toBeLessThan(3)
    expect(small.pixels[199]![0]).toBeGreaterThan(252)
  })

  it('keep their colours', async () => {
    const values = Uint16Array.of(0, 100, 200, 300, 400, 500)
    const id = add('colours.tif', tiff(2, 1, values, { channels: 3 }))
    expect((await seen(await get(`/asset/image/${id}/whole?low=0&high=510`))).pixels).toEqual([
      [0, 50, 100],
      [150, 200, 250],
    ])
  })

  it('may be floats, with gaps', async () => {
    const values = Float32Array.of(-1, 0, 0.5, 1, NaN, Infinity, -Infinity, 0.25)
    const id = add('float.tif', tiff(4, 2, values))
    expect(await info(id)).toMatchObject({ depth: 32, range: [-1, 1] })
    const { pixels } = await seen(await get(`/asset/image/${id}/whole?low=0&high=1`))
    expect(pixels.map(([value]) => value)).toEqual([0, 0, 128, 255, 0, 255, 0, 64])
    expect((await get(`/asset/thumbnail/${id}`)).status).toBe(200)
  })

  it('have a window where all values are the same, or none is a number', async () => {
    const same = add('same.tif', tiff(2, 1, Uint16Array.of(7, 7)))
    expect(await info(same)).toMatchObject({ range: [7, 7], window: { low: 7, high: 8 } })
    const none = add('none.tif', tiff(2, 1, Float32Array.of(NaN, NaN)))
    expect(await info(none)).toMatchObject({ range: [0, 0], window: { low: 0, high: 1 } })
  })

  it.each(DISPLAYED)('are turned by EXIF orientation %i', async (orientation) => {
    const id = add(`deep ${orientation}.tif`, tiff(3, 2, Uint16Array.of(0, 1, 2, 3, 4, 5), { orientation }))
    const { pixels } = await seen(await get(`/asset/image/${id}/whole?low=0&high=5`))
    const order = DISPLAYED[orientation - 1]![1].replace(' ', '').replace(' ', '')
    expect(pixels.map(([value]) => 'ABCDEF'[value! / 51]).join('')).toBe(order)
  })

  it.each(['low=2&high=1', 'low=1', 'low=a&high=b', 'low=0&high=Infinity', 'low=&high=2'])(
    'refuse the window %s',
    async (query) => {
      const response = await get(`/asset/image/1/whole?${query}`)
      expect([response.status, json(response).code]).toEqual([400, 'USAGE_WINDOW'])
    },
  )
})

describe('what is no picture', () => {
  it.each([
    '/asset/image/0/info',
    '/asset/image/-1/info',
    '/asset/image/1e3/info',
    '/asset/image/01/info',
    '/asset/image/99999/info',
    '/asset/image/9999999999999999999/info',
    '/asset/image/1/../2/info',
    '/asset/image/1/secret',
    '/asset/image/1/info/',
    '/asset/thumbnail/..%2f..%2fetc',
    '/asset/thumbnail/',
    '/asset/image/1/tile/0/0/0',
    '/etc/passwd',
    '',
  ])('is not found: %s', async (path) => {
    const response = await get(path)
    expect([response.status, response.type]).toEqual([404, 'application/json'])
    expect(json(response).code).toMatch(/^USAGE_/)
  })

  it('is not found when the file is gone', async () => {
    const id = add('gone.png', await picture().png().toBuffer())
    rmSync(files[id - 1]!)
    const response = await get(`/asset/image/${id}/whole`)
    expect([response.status, json(response).code]).toEqual([404, 'DATA_IMAGE_UNREADABLE'])
  })

  it.each([
    ['empty', async () => Buffer.alloc(0), 'DATA_IMAGE_BROKEN'],
    ['text', async () => Buffer.from('no image at all'), 'DATA_IMAGE_FORMAT'],
    ['cut.jpg', async () => (await noise().jpeg().toBuffer()).subarray(0, 20_000), 'DATA_IMAGE_BROKEN'],
    ['cut.png', async () => (await noise().png().toBuffer()).subarray(0, 20_000), 'DATA_IMAGE_BROKEN'],
    ['cut.webp', async () => (await noise().webp().toBuffer()).subarray(0, 2000), 'DATA_IMAGE_BROKEN'],
    ['cut.tif', async () => tiff(300, 300, new Uint16Array(90_000)).subarray(0, 9000), 'DATA_IMAGE_BROKEN'],
    ['cut.bmp', async () => bmp({ width: 9, height: 9, bits: 24, pixels: [1] }), 'DATA_IMAGE_BROKEN'],
    [
      'vector.png',
      async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
      'DATA_IMAGE_FORMAT',
    ],
    [
      'bomb.bmp',
      async () => bmp({ width: 2e6, height: 2e6, bits: 8, compression: 1, pixels: [0, 1] }),
      'DATA_IMAGE_TOO_LARGE',
    ],
  ])('has a coded error: %s', async (name, bytes, code) => {
    const id = add(name, await bytes())
    const response = await get(`/asset/thumbnail/${id}`)
    expect([response.status, json(response).code]).toEqual([422, code])
    expect(json(response).message).toContain(name)
  })
  const noise = () =>
    sharp({
      create: {
        width: 300,
        height: 300,
        channels: 3,
        background: '#888',
        noise: { type: 'gaussian', mean: 128, sigma: 40 },
      },
    })

  it('gets its own reason where several fail at once', async () => {
    const ids = [
      add('a.tif', tiff(300, 300, new Uint16Array(90_000)).subarray(0, 9000)),
      add('b.png', Buffer.from('text')),
      add('c.jpg', (await noise().jpeg().toBuffer()).subarray(0, 20_000)),
      add('d.tif', tiff(9, 9, new Uint16Array(81))),
    ]
    const reasons = async () =>
      Promise.all(
        ids.map(async (id) =>
          bytesOf(await get(`/asset/thumbnail/${id}`))
            .toString('latin1')
            .slice(0, 400),
        ),
      )
    const alone = []
    for (const id of ids)
      alone.push(
        bytesOf(await get(`/asset/thumbnail/${id}`))
          .toString('latin1')
          .slice(0, 400),
      )
    for (let i = 0; i < 20; i++) expect(await reasons()).toEqual(alone)
  })
})

describe('the cache', () => {
  it('may be deleted at any time', async () => {
    const id = add('cached.tif', tiff(2, 2, Uint16Array.of(1, 2, 3, 4)))
    const first = await get(`/asset/thumbnail/${id}`)
    rmSync(join(folder, 'cache'), { recursive: true })
    expect(bytesOf(await get(`/asset/thumbnail/${id}`))).toEqual(bytesOf(first))
    expect(existsSync(join(folder, 'cache', 'thumbnails'))).toBe(true)
  })

  it('is done without where it cannot be written', async () => {
    writeFileSync(join(folder, 'not a folder'), '')
    const file = files[0]!
    const poor = new ImageAssets({ cache: join(folder, 'not a folder'), fileOf: () => file })
    expect((await poor.respond('/asset/thumbnail/1', new URLSearchParams())).status).toBe(200)
  })

  it('is used, in the browser too, until the file changes', async () => {
    const id = add('changing.tif', tiff(2, 1, Uint8Array.of(250, 250)))
    const { headers } = await get(`/asset/thumbnail/${id}`)
    expect(headers!['cache-control']).toBe('no-cache')
    expect((await get(`/asset/thumbnail/${id}`, headers!.etag)).status).toBe(304)
    // Of the same size.
    writeFileSync(files[id - 1]!, tiff(2, 1, Uint8Array.of(3, 3)))
    utimesSync(files[id - 1]!, 1, 1)
    const changed = await get(`/asset/thumbnail/${id}`, headers!.etag)
    expect([changed.status, changed.headers!.etag === headers!.etag]).toEqual([200, false])
    expect((await seen(changed)).pixels[0]![0]).toBeLessThan(10)
  })

  it('never touches the images', async () => {
    const bytes = await picture().png().withMetadata({ orientation: 6 }).toBuffer()
    const id = add('mine.png', bytes)
    const before = statSync(files[id - 1]!)
    for (const what of ['info', 'whole', 'overview'])
      expect((await get(`/asset/image/${id}/${what}`)).status).toBe(200)
    expect(readFileSync(files[id - 1]!)).toEqual(bytes)
    expect(statSync(files[id - 1]!).mtimeMs).toBe(before.mtimeMs)
  })
})
