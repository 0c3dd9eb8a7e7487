/** Against torchvision's GeneralizedRCNNTransform; tests/fixtures/make/preprocess.py wrote the fixture. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { resizedSize } from '../../src/core/pyramid/input-size.ts'
import { mulberry32 } from '../../src/core/random.ts'
import { preprocess } from '../../src/main/engine/data/preprocess.ts'

interface ImageCase {
  seed: number
  height: number
  width: number
  short: number
  long: number
  resized: [number, number]
  padded: [number, number]
  indices: number[]
  values: number[]
}
type SizeCase = [
  height: number,
  width: number,
  short: number,
  long: number,
  newHeight: number,
  newWidth: number,
]

const fixture: { images: ImageCase[]; sizes: SizeCase[] } = JSON.parse(
  readFileSync(new URL('../fixtures/preprocess.json', import.meta.url), 'utf8'),
)

/** The fixture's noise images: the top byte of each number of mulberry32. */
function noise({ seed, width, height }: ImageCase) {
  const random = mulberry32(seed)
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, () => random() * 256) }
}

const input = (shortSide: number, longSide: number) => ({
  shortSide,
  longSide,
  mean: [0.485, 0.456, 0.406] as [number, number, number],
  std: [0.229, 0.224, 0.225] as [number, number, number],
})

describe('preprocess, against torchvision', () => {
  it.each(fixture.images)('resizes $height×$width to short $short, long $long', (test) => {
    const out = preprocess([noise(test)], input(test.short, test.long))
    expect([out.height, out.width]).toEqual(test.padded)
    expect([out.sizes[0].height, out.sizes[0].width]).toEqual(test.resized)
    const worst = Math.max(...test.indices.map((i, k) => Math.abs(out.images[i] - test.values[k])))
    expect(worst).toBeLessThan(2e-4)
  })

  it('computes the same size for every random size', () => {
    for (const [height, width, short, long, newHeight, newWidth] of fixture.sizes) {
      const size = resizedSize({ width, height }, { shortSide: short, longSide: long })
      expect([height, width, short, long, size.height, size.width]).toEqual([
        height,
        width,
        short,
        long,
        newHeight,
        newWidth,
      ])
    }
  })
})
