import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import sharp from 'sharp'
import { afterAll, expect, test } from 'vitest'
import { classColour } from '../../../src/core/colour/class-palette.ts'
import type { BoxXyxy } from '../../../src/core/geometry/box.ts'
import { inkOn } from '../../../src/main/studio/detection/overlay/colours.ts'
import { placeLabels } from '../../../src/main/studio/detection/overlay/labels.ts'
import { drawOverlay, isOverlay } from '../../../src/main/studio/detection/overlay/overlay.ts'
import { drawText } from '../../../src/main/studio/detection/overlay/text.ts'
import { bmp } from '../../support/image-bytes.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'fcos-overlay-'))
afterAll(() => rmSync(folder, { recursive: true }))

const photo = async (name: string, width: number, height: number, orientation = 1): Promise<string> => {
  const file = path.join(folder, name)
  const grey = sharp({ create: { width, height, channels: 3, background: '#808080' } })
  await grey.withExif({}).withMetadata({ orientation }).jpeg().toFile(file)
  return file
}

async function pixels(file: string) {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true })
  const at = (x: number, y: number): number[] => [
    ...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3),
  ]
  return { at, width: info.width, height: info.height }
}

const distance = (rgb: readonly number[], hex: string): number =>
  Math.max(...rgb.map((value, i) => Math.abs(value - Number.parseInt(hex.slice(1 + 2 * i, 3 + 2 * i), 16))))

test('boxes lie where they are found, in the colour of their class, on the image as displayed', async () => {
  // Stored 200 × 300, displayed 300 × 200.
  const image = await photo('turned.jpg', 200, 300, 6)
  const out = path.join(folder, 'deep', 'turned.jpg')
  const detections = [{ box: [100, 60, 200, 160] as BoxXyxy, score: 0.9, name: 'cat', index: 1 }]
  await drawOverlay(image, { detections, truth: [{ box: [20, 80, 60, 120] }] }, out)
  const { at, width, height } = await pixels(out)
  expect({ width, height }).toEqual({ width: 300, height: 200 })
  for (const [x, y] of [
    [100, 110],
    [200, 110],
    [150, 160],
  ] as const) {
    expect(distance(at(x, y), classColour(1))).toBeLessThan(40)
  }
  expect(distance(at(150, 110), '#808080')).toBeLessThan(8)
  // Dashes alternate between white and dark along the ground truth's edge.
  const edge = Array.from({ length: 30 }, (_, i) => at(20, 85 + i)[0]!)
  expect(Math.max(...edge)).toBeGreaterThan(200)
  expect(Math.min(...edge)).toBeLessThan(110)
})

test('names with markup, and labels that an image has no room for, are no trouble', async () => {
  const out = path.join(folder, 'out.jpg')
  const name = '<b>"R&D\'s" </span>'
  const box: BoxXyxy = [2, 2, 20, 20]
  await drawOverlay(
    await photo('a.jpg', 400, 300),
    { detections: [{ box, score: 1, name, index: 0 }], truth: [] },
    out,
  )
  await drawOverlay(
    await photo('b.jpg', 24, 24),
    { detections: [{ box, score: 1, name, index: 0 }], truth: [] },
    out,
  )
  expect((await pixels(out)).width).toBe(24)
})

test('text is as wide as its letters, not an empty box: the typeface is found', async () => {
  const [narrow, wide] = await Promise.all(['iiii', 'mmmm'].map((text) => drawText(text, 20, '#000000')))
  expect(wide!.width).toBeGreaterThan(2 * narrow!.width)
})

test('labels stay inside the image, and apart where boxes are far apart', () => {
  const size = { width: 60, height: 16 }
  const image = { width: 640, height: 480 }
  const corner = fc.tuple(
    fc.double({ min: -20, max: 640, noNaN: true }),
    fc.double({ min: -20, max: 480, noNaN: true }),
  )
  fc.assert(
    fc.property(fc.array(corner, { maxLength: 30 }), (corners) => {
      const boxes = corners.map(([x, y]): BoxXyxy => [x, y, x + 40, y + 30])
      for (const { x, y } of placeLabels(
        boxes,
        boxes.map(() => size),
        image,
      )) {
        expect(Number.isInteger(x) && Number.isInteger(y)).toBe(true)
        expect(x >= 0 && y >= 0 && x + size.width <= image.width && y + size.height <= image.height).toBe(
          true,
        )
      }
    }),
  )
  const box: BoxXyxy = [100, 100, 300, 200]
  expect(placeLabels([box, box], [size, size], image)).toEqual([
    { x: 100, y: 84 },
    { x: 240, y: 84 },
  ])
})

test('text on a colour contrasts at least 4.5 : 1', () => {
  const linear = (value: number): number =>
    value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  const luminance = (hex: string): number =>
    [0.2126, 0.7152, 0.0722].reduce(
      (sum, weight, i) => sum + weight * linear(Number.parseInt(hex.slice(1 + 2 * i, 3 + 2 * i), 16) / 255),
      0,
    )
  for (let index = 0; index < 7; index++) {
    const [low, high] = [luminance(classColour(index)), luminance(inkOn(classColour(index)))].sort(
      (a, b) => a - b,
    )
    expect((high! + 0.05) / (low! + 0.05)).toBeGreaterThan(4.5)
  }
})

test('a BMP file and one of 16 bits are drawn on as they were detected in', async () => {
  const image = path.join(folder, 'grey.bmp')
  writeFileSync(image, bmp({ width: 40, height: 30, bits: 24, pixels: Array(30 * 120).fill(128) }))
  const deep = path.join(folder, 'deep.png')
  const grey = sharp({ create: { width: 40, height: 30, channels: 3, background: '#808080' } })
  await grey.toColourspace('rgb16').png().toFile(deep)
  for (const file of [image, deep]) {
    const out = `${file}.jpg`
    await drawOverlay(
      file,
      { detections: [{ box: [5, 5, 20, 20], score: 1, name: 'a', index: 0 }], truth: [] },
      out,
    )
    const { at, width } = await pixels(out)
    expect([width, distance(at(35, 25), '#808080') < 8]).toEqual([40, true])
    expect([await isOverlay(out), await isOverlay(file)]).toEqual([true, false])
  }
})
