import { describe, expect, it } from 'vitest'
import type { EngineData } from '../../../../src/core/contract/engine.ts'
import { WHOLE_IMAGES } from '../../../../src/core/training/tiles.ts'
import { trainingCanvas } from '../../../../src/main/engine/data/canvas.ts'
import { trainingSamples } from '../../../../src/main/engine/data/samples.ts'

describe('trainingSamples', () => {
  it('maps category ids to class indices, and keeps crowds and unknown categories from being targets', () => {
    const image = { width: 20, height: 10 }
    const data: EngineData = {
      categories: [
        { id: 7, name: 'a' },
        { id: 3, name: 'b' },
        { id: 9, name: 'c' },
      ],
      images: [
        {
          ...image,
          id: 1,
          path: '/data/x/1.jpg',
          boxes: Float64Array.of(1, 2, 3, 4.5, 0, 0, 9, 9, 0, 0, 5, 5, 5, 6, 7, 8),
          categories: Int32Array.of(3, 7, 9, 7),
          crowds: Uint8Array.of(0, 1, 0, 0),
          areas: Float64Array.of(5, 81, 25, 4),
        },
        {
          ...image,
          id: 2,
          path: '/data/2.jpg',
          boxes: new Float64Array(),
          categories: new Int32Array(),
          crowds: new Uint8Array(),
          areas: new Float64Array(),
        },
      ],
    }
    const known = [
      { id: 7, name: 'a' },
      { id: 3, name: 'b' },
    ]
    const samples = trainingSamples(data, known, WHOLE_IMAGES)
    expect(samples).toEqual([
      {
        ...image,
        path: '/data/x/1.jpg',
        boxes: Float32Array.of(1, 2, 3, 4.5, 5, 6, 7, 8),
        classes: Int32Array.of(1, 0),
      },
      { ...image, path: '/data/2.jpg', boxes: new Float32Array(), classes: new Int32Array() },
    ])
  })
})

describe('trainingCanvas', () => {
  const landscape = { width: 640, height: 480 }
  const portrait = { width: 480, height: 640 }
  const rule = { shortSide: 416, longSide: 416 }
  const many = (count: number, size: typeof landscape) => Array.from({ length: count }, () => size)

  it('takes the shape of the images, rounded up to 32', () => {
    expect(trainingCanvas([landscape], rule)).toEqual({ width: 416, height: 320 })
    expect(trainingCanvas([landscape], { shortSide: 800, longSide: 1333 })).toEqual({
      width: 1088,
      height: 800,
    })
  })

  it('is square where a good part lies the other way', () => {
    expect(trainingCanvas([...many(8, landscape), ...many(2, portrait)], rule)).toEqual({
      width: 416,
      height: 416,
    })
  })

  it('is not stretched by one image in ten', () => {
    expect(trainingCanvas([...many(9, landscape), portrait], rule)).toEqual({ width: 416, height: 320 })
  })
})
