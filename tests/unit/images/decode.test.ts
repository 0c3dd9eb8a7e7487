import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeImage } from '../../../src/main/images/decode.ts'
import { bmp } from '../../support/image-bytes.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'fcos-decode-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

function decode(name: string, bytes: Uint8Array | string) {
  const path = join(directory, name)
  writeFileSync(path, bytes)
  return decodeImage(path)
}

const WIDTH = 23
const HEIGHT = 11
const rgb = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => (i * 7919) % 251)
const raw = (data: Uint8Array | Uint16Array, channels: 1 | 2 | 3 | 4) =>
  sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels } })
const source = () => raw(rgb, 3)
const grey = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => (i * 37) % 256)
const tripled = (values: ArrayLike<number>) =>
  Array.from({ length: values.length * 3 }, (_, i) => values[Math.floor(i / 3)])

describe('decodeImage', () => {
  it.each([
    ['PNG', () => source().png()],
    ['interlaced PNG', () => source().png({ progressive: true })],
    ['WebP', () => source().webp({ lossless: true })],
    ['TIFF', () => source().tiff({ compression: 'lzw' })],
    ['tiled TIFF', () => source().tiff({ compression: 'none', tile: true })],
    ['PNG with alpha, which is dropped', () => source().ensureAlpha(0.3).png()],
  ])('reads %s exactly', async (name, encode) => {
    const image = await decode(name, await encode().toBuffer())
    expect([image.width, image.height]).toEqual([WIDTH, HEIGHT])
    expect(Array.from(image.data)).toEqual(Array.from(rgb))
    expect(image.data.buffer.byteLength).toBe(rgb.length)
  })

  it.each([
    ['JPEG', () => source().jpeg({ quality: 100, chromaSubsampling: '4:4:4' }), 4],
    ['AVIF', () => source().avif({ quality: 100, chromaSubsampling: '4:4:4' }), 8],
  ])('reads %s closely', async (name, encode, tolerance) => {
    const { data } = await decode(name, await encode().toBuffer())
    expect(Math.max(...data.map((value, i) => Math.abs(value - rgb[i])))).toBeLessThanOrEqual(tolerance)
  })

  it('reads BMP files, which libvips does not', async () => {
    const pixels = [3, 2, 1, 6, 5, 4, 0, 0, 9, 8, 7, 12, 11, 10, 0, 0]
    const image = await decode('a.bmp', bmp({ width: 2, height: 2, bits: 24, pixels }))
    expect([image.width, image.height]).toEqual([2, 2])
    expect(Array.from(image.data)).toEqual([7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6])
    expect(image.data.buffer.byteLength).toBe(12)
  })

  it('reads the first frame of an animated GIF, palette and all', async () => {
    const colours = [
      [255, 0, 0],
      [0, 0, 255],
    ]
    const frames = Uint8Array.from({ length: 4 * 8 * 3 }, (_, i) => colours[i < 4 * 4 * 3 ? 0 : 1][i % 3])
    const gif = sharp(frames, { raw: { width: 4, height: 8, channels: 3, pageHeight: 4 } }).gif()
    const image = await decode('two.gif', await gif.toBuffer())
    expect([image.width, image.height, image.pages]).toEqual([4, 4, 2])
    expect(Array.from(image.data)).toEqual(Array.from(frames.subarray(0, 4 * 4 * 3)))
  })

  it('makes three channels of one', async () => {
    const png = await raw(grey, 1).toColourspace('b-w').png().toBuffer()
    expect(Array.from((await decode('grey.png', png)).data)).toEqual(tripled(grey))
  })

  it.each([
    ['PNG', () => sixteen().png()],
    ['TIFF', () => sixteen().tiff({ compression: 'none' })],
  ])('keeps the upper 8 bits of a 16-bit %s', async (name, encode) => {
    const bytes = await encode().toBuffer()
    expect((await sharp(bytes).metadata()).depth).toBe('ushort')
    expect(Array.from((await decode(`16 ${name}`, bytes)).data)).toEqual(tripled(grey))
  })
  const sixteen = () => {
    const values = Uint16Array.from(grey, (value, i) => value * 256 + ((i * 91) % 256))
    return raw(values, 1).toColourspace('grey16')
  }

  it('turns CMYK into RGB, ink subtracting light', async () => {
    const white = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'white' } })
      .toColourspace('cmyk')
      .jpeg()
      .toBuffer()
    expect((await sharp(white).metadata()).space).toBe('cmyk')
    expect(Math.min(...(await decode('cmyk.jpg', white)).data)).toBeGreaterThan(245)
  })

  // EXIF 2.3, tag 0x0112: what the stored 0th row and 0th column are in the picture as seen.
  it.each([
    [1, 'top', 'left'],
    [2, 'top', 'right'],
    [3, 'bottom', 'right'],
    [4, 'bottom', 'left'],
    [5, 'left', 'top'],
    [6, 'right', 'top'],
    [7, 'right', 'bottom'],
    [8, 'left', 'bottom'],
  ])(
    'applies EXIF orientation %i: row 0 at the %s, column 0 at the %s',
    async (orientation, row0, column0) => {
      // Four corner blocks of 16×8 pixels: brightness tells the stored row (+100) and column (+50) from zero.
      const stored = Uint8Array.from({ length: 32 * 16 * 3 }, (_, i) => {
        const pixel = Math.floor(i / 3)
        return 20 + (pixel % 32 >= 16 ? 50 : 0) + (pixel >= 32 * 8 ? 100 : 0)
      })
      const jpeg = sharp(stored, { raw: { width: 32, height: 16, channels: 3 } }).jpeg({ quality: 100 })
      const image = await decode(
        `exif${orientation}.jpg`,
        await jpeg.withMetadata({ orientation }).toBuffer(),
      )

      const sideways = row0 === 'left' || row0 === 'right'
      expect([image.width, image.height]).toEqual(sideways ? [16, 32] : [32, 16])
      const near = (value: string, x: boolean, y: boolean) =>
        value === 'left' ? x : value === 'right' ? !x : value === 'top' ? y : !y
      for (const left of [true, false]) {
        for (const top of [true, false]) {
          const x = left ? 2 : image.width - 3
          const y = top ? 2 : image.height - 3
          const expected = 20 + (near(column0, left, top) ? 0 : 50) + (near(row0, left, top) ? 0 : 100)
          expect(Math.abs(image.data[(y * image.width + x) * 3] - expected)).toBeLessThan(5)
        }
      }
    },
  )
})

describe('decodeImage refuses', () => {
  const half = (bytes: Uint8Array) => bytes.subarray(0, Math.floor(bytes.length / 2))

  it.each([
    ['a truncated JPEG', 'half.jpg', async () => half(await source().jpeg().toBuffer())],
    ['a truncated PNG', 'half.png', async () => half(await source().png().toBuffer())],
    ['a truncated WebP', 'half.webp', async () => half(await source().webp().toBuffer())],
    ['a corrupt PNG', 'corrupt.png', async () => (await source().png().toBuffer()).fill(0, 60, 80)],
    [
      'a truncated BMP',
      'half.bmp',
      async () => half(bmp({ width: 1, height: 1, bits: 24, pixels: [0, 0, 0, 0] })),
    ],
    ['an empty file', 'empty.jpg', async () => ''],
  ])('%s', async (_, name, bytes) => {
    const content = await bytes()
    await expect(decode(name, content)).rejects.toMatchObject({
      code: 'DATA_IMAGE_BROKEN',
      message: expect.stringMatching(new RegExp(`${name}: \\w`)),
    })
  })

  it.each([
    ['a text', 'notes.jpg', async () => 'hello'],
    ['a drawing', 'a.svg', async () => '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'],
    [
      'floating-point samples',
      'float.tif',
      () => source().toColourspace('scrgb').tiff({ compression: 'none' }).toBuffer(),
    ],
  ])('%s', async (_, name, bytes) => {
    const content = await bytes()
    await expect(decode(name, content)).rejects.toMatchObject({ code: 'DATA_IMAGE_FORMAT' })
  })

  it('a missing file', async () => {
    await expect(decodeImage(join(directory, 'none.jpg'))).rejects.toMatchObject({
      code: 'DATA_IMAGE_UNREADABLE',
      message: expect.stringContaining('none.jpg: there is no such file'),
    })
  })

  it('more pixels than fit into memory, by the header alone', async () => {
    const chunk = (type: string, body: Uint8Array) => {
      const bytes = Buffer.concat([Buffer.alloc(4), Buffer.from(type), body, Buffer.alloc(4)])
      bytes.writeUInt32BE(body.length)
      bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), bytes.length - 4)
      return bytes
    }
    const header = Buffer.from([0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20, 8, 2, 0, 0, 0]) // 20000×20000, 8-bit RGB
    const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
    const png = Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(Buffer.alloc(9)))])
    await expect(decode('huge.png', png)).rejects.toMatchObject({ code: 'DATA_IMAGE_TOO_LARGE' })
  })

  it('tells each of many damaged files its own reason, read at the same time', async () => {
    const noise = Uint8Array.from({ length: 96 * 96 * 3 }, (_, i) => (i * i * 7919) % 251)
    const picture = () => sharp(noise, { raw: { width: 96, height: 96, channels: 3 } })
    const whole = await Promise.all([
      picture().jpeg().toBuffer(),
      picture().png().toBuffer(),
      picture().tiff({ compression: 'lzw' }).toBuffer(),
    ])
    const paths = Array.from({ length: 60 }, (_, i) => join(directory, `damaged-${i}`))
    for (const [i, path] of paths.entries()) {
      const bytes = whole[i % 3]
      writeFileSync(path, bytes.subarray(0, bytes.length * (0.3 + 0.1 * (i % 5))))
    }
    const reason = (path: string) =>
      decodeImage(path).then(
        () => 'none',
        ({ message }: Error) => message,
      )
    const alone: string[] = []
    for (const path of paths) alone.push(await reason(path))
    expect(new Set(alone.map((message) => message.replace(/^.*: /, ''))).size).toBeGreaterThan(2)
    for (let round = 0; round < 3; round++) expect(await Promise.all(paths.map(reason))).toEqual(alone)
  })
})
