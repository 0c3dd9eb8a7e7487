import sharp from 'sharp'
import { expect, test } from 'vitest'
import {
  decodeTrainingInput,
  encodeTrainingInput,
} from '../../../../src/core/contract/training-input-asset.ts'
import { augmentFor, NO_AUGMENTATION } from '../../../../src/core/training/augmentation.ts'
import { trainingInput } from '../../../../src/main/engine/data/training-input.ts'
import { scratch } from '../../../support/scratch.ts'

const INPUT = {
  shortSide: 128,
  longSide: 128,
  mean: [0.485, 0.456, 0.406] as [number, number, number],
  std: [0.229, 0.224, 0.225] as [number, number, number],
}

/** A red rectangle on grey, with its box, in an image of 64 × 32 px. */
async function data() {
  const path = `${await scratch()}/a.png`
  const pixels = new Uint8Array(64 * 32 * 3).fill(128)
  for (let y = 8; y < 24; y++) for (let x = 16; x < 48; x++) pixels.set([250, 10, 20], (y * 64 + x) * 3)
  await sharp(pixels, { raw: { width: 64, height: 32, channels: 3 } }).toFile(path)
  const image = {
    ...{ id: 1, path, width: 64, height: 32 },
    boxes: Float64Array.of(16, 8, 48, 24),
    categories: Int32Array.of(7),
    crowds: new Uint8Array(1),
    areas: Float64Array.of(512),
  }
  return {
    categories: [
      { id: 3, name: 'other' },
      { id: 7, name: 'red' },
    ],
    images: [image],
  }
}

test('unvaried: the image at its size, its colours and its boxes', async () => {
  const request = { method: 'training-input', data: await data(), input: INPUT, seed: 1 } as const
  const found = await trainingInput({ ...request, augment: NO_AUGMENTATION })
  expect([found.width, found.height, ...found.boxes, ...found.classes]).toEqual([128, 64, 32, 16, 96, 48, 1])
  const at = (x: number, y: number) => [...found.pixels.subarray((y * 128 + x) * 3, (y * 128 + x) * 3 + 3)]
  expect(at(64, 32)).toEqual([250, 10, 20])
  expect(at(4, 4)).toEqual([128, 128, 128])
})

test('a tile of a large image: its part of the pixels and boxes, with the grid beside them', async () => {
  const request = { method: 'training-input', data: await data(), input: INPUT, seed: 1 } as const
  const tile = { x: 32, y: 0, width: 32, height: 32 }
  const found = await trainingInput({ ...request, augment: { ...NO_AUGMENTATION, minVisible: 0.3 }, tile })
  expect([found.width, found.height, ...found.boxes, ...found.classes]).toEqual([128, 128, 0, 32, 64, 96, 1])
  expect([...found.pixels.subarray(3 * 64 * 128, 3 * 64 * 128 + 3)]).toEqual([250, 10, 20])
  expect([...found.pixels.subarray(3 * (64 * 128 + 80), 3 * (64 * 128 + 80) + 3)]).toEqual([128, 128, 128])
  const strict = { ...NO_AUGMENTATION, minVisible: 0.6 }
  expect((await trainingInput({ ...request, augment: strict, tile })).boxes).toHaveLength(0)
  const grid = {
    ...{ image: { width: 64, height: 32 }, emptySamples: 1, whole: false, shown: 0 },
    tiles: [{ ...tile, objects: 1, cut: [{ number: 1, classId: 7 }], dropped: [] }],
  }
  expect(decodeTrainingInput(encodeTrainingInput(found, Int32Array.of(7), grid)).grid).toEqual(grid)
  expect(decodeTrainingInput(encodeTrainingInput(found, Int32Array.of(7))).grid).toBeNull()
})

test('varied: another seed gives another input, the same the same; boxes go with their pixels', async () => {
  const request = {
    method: 'training-input',
    data: await data(),
    input: INPUT,
    augment: augmentFor(10),
  } as const
  const [a, again, b] = await Promise.all([1, 1, 2].map((seed) => trainingInput({ ...request, seed })))
  expect(again).toEqual(a)
  expect(b!.pixels).not.toEqual(a!.pixels)
  const [x1, y1, x2, y2] = a!.boxes
  const red = (x: number, y: number) => {
    const [r, g] = a!.pixels.subarray((y * 128 + x) * 3, (y * 128 + x) * 3 + 2)
    return r! - g! > 100
  }
  expect(red(Math.round((x1! + x2!) / 2), Math.round((y1! + y2!) / 2))).toBe(true)
  expect(red(Math.floor(x1!) + 2, Math.floor(y1!) + 2)).toBe(true)
})

test('as a file', async () => {
  const found = await trainingInput({
    ...{ method: 'training-input', data: await data(), input: INPUT, augment: NO_AUGMENTATION, seed: 1 },
  })
  const { width, height, pixels, boxes } = found
  const read = decodeTrainingInput(encodeTrainingInput(found, Int32Array.of(7)))
  expect(read).toEqual({
    width,
    height,
    pixels,
    boxes,
    outlines: [null],
    grid: null,
    classIds: Int32Array.of(7),
  })
})

test('outlines go with their pixels, and are read as they were written', async () => {
  const { categories, images } = await data()
  const diamond = [32, 8, 48, 16, 32, 24, 16, 16]
  const request = {
    data: { categories, images: [{ ...images[0]!, outlines: [[diamond]] }] },
    input: INPUT,
    seed: 1,
  }
  const found = await trainingInput({ ...request, method: 'training-input', augment: NO_AUGMENTATION })
  expect(found.outlines).toEqual([[diamond.map((v) => 2 * v)]])
  expect(decodeTrainingInput(encodeTrainingInput(found, found.classes)).outlines).toEqual(found.outlines)
  const plain = { ...found, outlines: undefined }
  expect(decodeTrainingInput(encodeTrainingInput(plain, found.classes)).outlines).toEqual([null])
})
