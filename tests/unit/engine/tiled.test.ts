import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { iou } from '../../../src/core/geometry/box.ts'
import { detect } from '../../../src/main/engine/detect/detect.ts'
import { learntSide } from '../../../src/main/engine/detect/learnt-side.ts'
import { detectOne } from '../../../src/main/engine/detect/tiled.ts'
import { onnxRunner } from '../../../src/main/engine/onnx/session.ts'
import { readCheckpoint } from '../../../src/main/engine/weights/checkpoint.ts'
import { decodeImage, type RgbImage } from '../../../src/main/images/decode.ts'

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

test('what a model learnt from stands beside it, or in its file', async () => {
  const known = await learntSide(MODEL, await readCheckpoint(MODEL))
  expect(known).toBeGreaterThan(300)
  expect(await learntSide('/nowhere/best.safetensors', { training: { imageSide: 900 } })).toBe(900)
  expect(await learntSide('/nowhere/best.safetensors', {})).toBeNull()
})
