import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { decodeCandidateFile, encodeCandidates } from '../../../src/core/contract/model-assets.ts'
import { guessesOf } from '../../../src/core/detectors/shared/select.ts'
import { iou } from '../../../src/core/geometry/box.ts'
import { detect, detectionsOf } from '../../../src/main/engine/detect/detect.ts'
import { learntSide } from '../../../src/main/engine/detect/learnt-side.ts'
import { tensorflowRunner } from '../../../src/main/engine/detect/raw-outputs.ts'
import { detectOne, tiledCandidates } from '../../../src/main/engine/detect/tiled.ts'
import { Network } from '../../../src/main/engine/model/network.ts'
import { differences } from '../../../src/main/engine/onnx/differences.ts'
import { onnxRunner } from '../../../src/main/engine/onnx/session.ts'
import { validate } from '../../../src/main/engine/train/validate.ts'
import { readCheckpoint } from '../../../src/main/engine/weights/checkpoint.ts'
import { decodeImage, type RgbImage } from '../../../src/main/images/decode.ts'
import { type LargeImage, RegionReader } from '../../../src/main/images/region.ts'
import { scratch } from '../../support/scratch.ts'

const SAMPLE = fileURLToPath(new URL('../../../resources/sample/', import.meta.url))
const MODEL = `${SAMPLE}run/best.safetensors`

/** Four copies, two by two. */
function mosaic({ width, height, data }: RgbImage): RgbImage {
  const all = new Uint8Array(4 * data.length)
  for (let row = 0; row < 2 * height; row++)
    for (const column of [0, 1]) {
      const line = data.subarray(3 * (row % height) * width, 3 * ((row % height) + 1) * width)
      all.set(line, 3 * width * (2 * row + column))
    }
  return { width: 2 * width, height: 2 * height, data: all }
}

test('four copies of an image, in tiles, give what the image gives, four times', {
  timeout: 60_000,
}, async () => {
  const checkpoint = await readCheckpoint(MODEL)
  const runner = await onnxRunner(checkpoint)
  const { input } = checkpoint.config
  const options = { score: 0.5, nms: 0.6, limit: 100 }
  const image = await decodeImage(`${SAMPLE}images/table-01.jpg`)
  const [alone] = await detect(runner, [image], input, options)
  expect(alone!.length).toBeGreaterThan(2)
  const large = mosaic(image)
  const { tiles, detections } = await detectOne(runner, large, input, options, image.width)
  expect(tiles).toBeGreaterThanOrEqual(4)
  const corners = [0, image.width].flatMap((x) => [0, image.height].map((y) => [x, y] as const))
  const wanted = corners.flatMap(([x, y]) =>
    alone!.map(({ box: [x1, y1, x2, y2], categoryId }) => {
      return { categoryId, box: [x1 + x, y1 + y, x2 + x, y2 + y] as const }
    }),
  )
  const missing = wanted.filter(
    (one) =>
      !detections.some((found) => found.categoryId === one.categoryId && iou(found.box, one.box) > 0.6),
  )
  expect(missing).toEqual([])
  expect(detections.length).toBeLessThanOrEqual(wanted.length + 2)
  const whole = await detectOne(runner, large, input, options, null)
  expect(whole.tiles).toBeNull()
  runner.dispose()
})

test('candidates of a large image give, for any score and NMS, what detection gives; also out of the cache', {
  timeout: 60_000,
}, async () => {
  const checkpoint = await readCheckpoint(MODEL)
  const runner = await onnxRunner(checkpoint)
  const { config } = checkpoint
  const image = await decodeImage(`${SAMPLE}images/table-01.jpg`)
  const large = mosaic(image)
  const found = await tiledCandidates(runner, large, config.input, 0.01, image.width)
  const about = { ...found, model: { config, thresholds: null } }
  const { candidates } = decodeCandidateFile(encodeCandidates(about))
  expect(candidates.tiling).toEqual(found.candidates.tiling)
  for (const [score, nms] of [
    [0.05, 0.6],
    [0.3, 0.6],
    [0.5, 0.4],
  ] as const) {
    const options = { score, nms, limit: 100 }
    const { detections } = await detectOne(runner, large, config.input, options, image.width)
    expect(detections.length).toBeGreaterThan(8)
    const selected = detectionsOf(candidates, config, options)
    expect(selected.length).toBe(detections.length)
    // Boxes are float32 in the image's pixels here, in the tile's there.
    expect(differences(detections, selected, options)).toMatchObject({ unmatched: 0 })
  }
  // Best first, as of any image.
  const guesses = guessesOf(candidates, { score: 0.05, nms: 0.6, centerness: true })
  expect(guesses.map(({ score }) => score)).toEqual(guesses.map(({ score }) => score).sort((a, b) => b - a))
  runner.dispose()
})

test('an image of which only parts are decoded gives what it gives in one piece', {
  timeout: 120_000,
}, async () => {
  const checkpoint = await readCheckpoint(MODEL)
  const runner = await onnxRunner(checkpoint)
  const { input } = checkpoint.config
  const options = { score: 0.5, nms: 0.6, limit: 100 }
  const small = await decodeImage(`${SAMPLE}images/table-01.jpg`)
  const { width, height, data } = mosaic(small)
  const path = join(await scratch(), 'large.png')
  const image = sharp(data, { raw: { width, height, channels: 3 } })
  await image.png({ compressionLevel: 1 }).toFile(path)
  const reduced = await sharp(path).resize(small.width, small.height).raw().toBuffer()
  const reader = new RegionReader(null)
  const large: LargeImage = {
    ...{ width, height, close: async () => {} },
    read: (region) => reader.read(path, region),
    reduced: async () => ({ width: small.width, height: small.height, data: new Uint8Array(reduced) }),
  }
  const inTiles = (of: RgbImage | LargeImage) => detectOne(runner, of, input, options, 400)
  const piece = await inTiles({ width, height, data })
  expect(piece.detections.length).toBeGreaterThan(4)
  expect(await inTiles({ ...large, reduced: async () => ({ width, height, data }) })).toEqual(piece)
  // The whole is that of the reduced image, in the pixels of the large one.
  const [seen] = await detect(runner, [await large.reduced()], input, options)
  const { detections } = await detectOne(runner, large, input, options, null)
  expect(detections.map(({ box }) => box)).toEqual(seen!.map(({ box }) => box.map((side) => 2 * side)))
  const found = await tiledCandidates(runner, large, input, 0.01, null)
  expect(found.image).toEqual({ width, height })
  const selected = detectionsOf(found.candidates, checkpoint.config, options)
  expect(selected.map(({ box }) => box)).toEqual(detections.map(({ box }) => box))
  runner.dispose()
})

test('a run is measured on large images in tiles', { timeout: 60_000 }, async () => {
  const { config: learnt, tensors } = await readCheckpoint(MODEL)
  // A small input, in which the objects of the large image are lost.
  const { shortSide, longSide } = learnt.input
  const input = { ...learnt.input, shortSide: shortSide / 2, longSide: longSide / 2 }
  const config = { ...learnt, input }
  const image = await decodeImage(`${SAMPLE}images/table-01.jpg`)
  const { width, height, data } = mosaic(mosaic(image))
  const path = join(await scratch(), 'large.png')
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toFile(path)
  // What the model finds in a single copy, repeated, is the truth here.
  const network = new Network(config, tensors)
  const [alone] = await detect(tensorflowRunner(network), [image], config.input, {
    score: 0.5,
    nms: 0.6,
    limit: 100,
  })
  const copies = Array.from(
    { length: 16 },
    (_, i) => [(i % 4) * image.width, Math.floor(i / 4) * image.height] as const,
  )
  const all = copies.flatMap(([x, y]) =>
    alone!.map(({ box: [x1, y1, x2, y2], categoryId }) => ({
      categoryId,
      box: [x1 + x, y1 + y, x2 + x, y2 + y],
    })),
  )
  const validation = {
    categories: config.classes,
    images: [
      {
        ...{ id: 1, path, width, height },
        boxes: Float64Array.from(all.flatMap(({ box }) => box)),
        categories: Int32Array.from(all, ({ categoryId }) => categoryId),
        crowds: new Uint8Array(all.length),
        areas: Float64Array.from(all, ({ box: [x1, y1, x2, y2] }) => (x2! - x1!) * (y2! - y1!)),
      },
    ],
  }
  const ap50 = async (learnt: number | null) => {
    const rules = { rule: { input: config.input.longSide, learnt }, tiling: 'auto' } as const
    const measured = await validate(network, validation, rules, 1, new AbortController().signal, () => {})
    return measured.complete ? measured.evaluation!.stats[1]! : Number.NaN
  }
  expect(await ap50(image.width)).toBeGreaterThan(0.9)
  expect(await ap50(width)).toBeLessThan(0.5)
  network.dispose()
})

test('what a model learnt from stands beside it, or in its file', async () => {
  const known = await learntSide(MODEL, await readCheckpoint(MODEL))
  expect(known).toBeGreaterThan(300)
  expect(await learntSide('/nowhere/best.safetensors', { training: { imageSide: 900 } })).toBe(900)
  expect(await learntSide('/nowhere/best.safetensors', {})).toBeNull()
})
