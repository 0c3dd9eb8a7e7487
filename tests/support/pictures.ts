/** Pictures that a small network learns in seconds, and the options to do so. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import type { EngineData } from '../../src/core/contract/engine.ts'
import type { TrainingFile } from '../../src/core/contract/training.ts'
import { mulberry32 } from '../../src/core/random.ts'

export const CATEGORIES = [
  { id: 1, name: 'red' },
  { id: 2, name: 'blue' },
]

/** Noise with one red and one blue square each. */
export async function pictures(folder: string, count: number): Promise<EngineData> {
  mkdirSync(folder, { recursive: true })
  const random = mulberry32(3)
  const images: EngineData['images'] = []
  for (let n = 0; n < count; n++) {
    const [width, height] = [96, 96]
    const data = Uint8Array.from({ length: width * height * 3 }, () => 90 + 40 * random())
    const boxes: number[] = []
    for (const channel of [0, 2]) {
      const side = 20 + Math.floor(24 * random())
      const [x1, y1] = [(channel === 0 ? 2 : 48) + Math.floor(4 * random()), Math.floor(50 * random())]
      for (let y = y1; y < y1 + side; y++) {
        for (let x = x1; x < Math.min(width, x1 + side); x++) data[(y * width + x) * 3 + channel] = 250
      }
      boxes.push(x1, y1, Math.min(width, x1 + side), y1 + side)
    }
    const path = join(folder, `${n}.png`)
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(path)
    images.push({
      id: n + 1,
      path,
      width,
      height,
      boxes: Float64Array.from(boxes),
      categories: Int32Array.of(1, 2),
      crowds: new Uint8Array(2),
      areas: Float64Array.of(400, 400),
    })
  }
  return { categories: CATEGORIES, images }
}

export const SMALL: TrainingFile = {
  training: {
    steps: 8,
    size: 96,
    batch: 2,
    saveEvery: 3,
    evaluateEvery: 0,
    seed: 5,
    schedule: { warmup: 2 },
  },
  model: { head: { channels: 16, groups: 4, depth: 1 } },
}
