import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { mulberry32 } from '../../../src/core/random.ts'
import { decodeImage } from '../../../src/main/images/decode.ts'
import { cropped, RegionReader } from '../../../src/main/images/region.ts'
import { scratch } from '../../support/scratch.ts'

const [width, height] = [560, 210]

async function written(name: string, make: (folder: string) => Promise<unknown>): Promise<string> {
  const path = join(await scratch(), name)
  await make(path)
  return path
}

const noise = (channels: 1 | 3 | 4) => {
  const random = mulberry32(channels)
  const data = Uint8Array.from({ length: width * height * channels }, () => 256 * random())
  return sharp(data, { raw: { width, height, channels } })
}

/** A bottom-up BMP with 24 bits. */
async function bmp(path: string): Promise<void> {
  const { writeFile } = await import('node:fs/promises')
  const stride = Math.ceil((3 * width) / 4) * 4
  const bytes = Buffer.alloc(54 + stride * height)
  bytes.write('BM', 'latin1')
  bytes.writeUInt32LE(bytes.length, 2)
  bytes.writeUInt32LE(54, 10)
  bytes.writeUInt32LE(40, 14)
  bytes.writeInt32LE(width, 18)
  bytes.writeInt32LE(height, 22)
  bytes.writeUInt16LE(1, 26)
  bytes.writeUInt16LE(24, 28)
  const random = mulberry32(9)
  for (let i = 54; i < bytes.length; i++) bytes[i] = 256 * random()
  await writeFile(path, bytes)
}

const KINDS = {
  'a JPEG': ['a.jpg', (path: string) => noise(3).jpeg().toFile(path)],
  'a progressive JPEG': ['p.jpg', (path: string) => noise(3).jpeg({ progressive: true }).toFile(path)],
  'a turned JPEG': ['t.jpg', (path: string) => noise(3).jpeg().withMetadata({ orientation: 6 }).toFile(path)],
  'a mirrored TIFF': [
    'm.tif',
    (path: string) => noise(3).tiff().withMetadata({ orientation: 5 }).toFile(path),
  ],
  'a PNG with alpha': ['a.png', (path: string) => noise(4).png().toFile(path)],
  'a grey PNG': ['g.png', (path: string) => noise(1).toColourspace('b-w').png().toFile(path)],
  'a PNG of 16 bits': ['d.png', (path: string) => noise(3).toColourspace('rgb16').png().toFile(path)],
  'a JPEG in CMYK': ['c.jpg', (path: string) => noise(3).toColourspace('cmyk').jpeg().toFile(path)],
  'a BMP': ['b.bmp', bmp],
} as const

test.each(Object.entries(KINDS))('parts of %s are those of the decoded image', async (_, [name, make]) => {
  const path = await written(name, make)
  const whole = await decodeImage(path)
  const folder = await scratch()
  for (const reader of [new RegionReader(folder), new RegionReader(null)]) {
    expect(await reader.size(path)).toEqual({ width: whole.width, height: whole.height })
    for (const region of [
      { left: 0, top: 0, width: 40, height: 30 },
      { left: 140, top: 133, width: 37, height: 60 },
      { left: 0, top: 0, width: whole.width, height: whole.height },
    ]) {
      const part = await reader.read(path, region)
      expect([part.width, part.height]).toEqual([region.width, region.height])
      expect(Buffer.compare(part.data, cropped(whole, region).data)).toBe(0)
    }
  }
  // One copy, and nothing unfinished.
  expect(readdirSync(folder)).toHaveLength(1)
})

test.each([
  [40, 3000],
  [3000, 20],
  [17, 9],
])('parts of a thin image of %i × %i are read too', async (width, height) => {
  const path = await written('thin.png', (file) =>
    sharp({ create: { width, height, channels: 3, background: '#456' } })
      .png()
      .toFile(file),
  )
  const part = await new RegionReader(await scratch()).read(path, { left: 5, top: 4, width: 10, height: 5 })
  expect([...part.data.subarray(0, 3)]).toEqual([0x44, 0x55, 0x66])
})

test('an image that ends too early is named with its reason, copied or not', async () => {
  const { truncate } = await import('node:fs/promises')
  const path = await written('cut.jpg', (file) => noise(3).jpeg().toFile(file))
  await truncate(path, 30_000)
  const region = { left: 0, top: 170, width: 40, height: 40 }
  for (const folder of [null, await scratch()])
    await expect(new RegionReader(folder).read(path, region)).rejects.toMatchObject({
      code: 'DATA_IMAGE_BROKEN',
      message: expect.stringContaining(path),
    })
})
