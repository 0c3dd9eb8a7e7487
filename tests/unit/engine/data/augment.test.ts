import { describe, expect, it } from 'vitest'
import { AugmentConfig } from '../../../../src/core/contract/augmentation.ts'
import { pixelsOfRle, rleOfRings } from '../../../../src/core/geometry/rle.ts'
import { mulberry32 } from '../../../../src/core/random.ts'
import { augmentFor, NO_AUGMENTATION } from '../../../../src/core/training/augmentation.ts'
import { shiftAndNormalise } from '../../../../src/main/engine/data/augment/colour.ts'
import { type Placement, placeBoxes } from '../../../../src/main/engine/data/augment/geometry.ts'
import { arrange, chooseImages, type SceneRules } from '../../../../src/main/engine/data/augment/scene.ts'
import { preprocess } from '../../../../src/main/engine/data/preprocess.ts'
import { drawImage } from '../../../../src/main/engine/data/resample.ts'
import type { RgbImage } from '../../../../src/main/images/decode.ts'

/** Leaves bytes as they are / 255, so that brightness can be read off the canvas. */
const PLAIN = {
  shortSide: 208,
  longSide: 208,
  mean: [0, 0, 0] as [number, number, number],
  std: [1, 1, 1] as [number, number, number],
}
const CANVAS = { width: 224, height: 160 }

function imageWithRectangle(width: number, height: number, [x1, y1, x2, y2]: number[]): RgbImage {
  const data = new Uint8Array(width * height * 3)
  for (let y = y1; y < y2; y++) data.fill(255, (y * width + x1) * 3, (y * width + x2) * 3)
  return { width, height, data }
}

/** Bounds of the canvas pixels that are at least half bright, so that a side is off by half a pixel at most. */
function brightBounds(
  data: Float32Array,
  { x, y }: { x: readonly [number, number]; y: readonly [number, number] },
) {
  const bounds = [Infinity, Infinity, -Infinity, -Infinity]
  for (let row = y[0]; row < y[1]; row++) {
    for (let column = x[0]; column < x[1]; column++) {
      if (data[(row * CANVAS.width + column) * 3] < 0.5) continue
      bounds[0] = Math.min(bounds[0], column)
      bounds[1] = Math.min(bounds[1], row)
      bounds[2] = Math.max(bounds[2], column + 1)
      bounds[3] = Math.max(bounds[3], row + 1)
    }
  }
  return bounds
}

const geometryOnly: AugmentConfig = {
  ...NO_AUGMENTATION,
  hflip: 0.5,
  vflip: 0.5,
  scale: [0.6, 2],
  placement: 'random',
}

describe('boxes move with their pixels', () => {
  it.each([0, 1])('with mosaic probability %i', (mosaic) => {
    const rules: SceneRules = {
      canvas: CANVAS,
      input: PLAIN,
      augment: { ...geometryOnly, mosaic, mosaicUntil: 1 },
    }
    let compared = 0
    for (let seed = 0; seed < 150; seed++) {
      const random = mulberry32(seed)
      const chosen = chooseImages(random, 0, 1, rules.augment, 0)
      expect(chosen).toHaveLength(mosaic ? 4 : 1)
      const side = () => 200 + Math.floor(random() * 200)
      const sources = chosen.map(() => ({ width: side(), height: side() }))
      const rectangles = sources.map(({ width, height }) => {
        const x1 = Math.floor(random() * width * 0.7)
        const y1 = Math.floor(random() * height * 0.7)
        return [x1, y1, x1 + Math.ceil(width * 0.2), y1 + Math.ceil(height * 0.2)]
      })
      const data = new Float32Array(CANVAS.width * CANVAS.height * 3)
      arrange(random, sources, rules).forEach(({ at, region, colour }, k) => {
        const image = imageWithRectangle(sources[k].width, sources[k].height, rectangles[k])
        drawImage({ ...CANVAS, data }, image, at, region, shiftAndNormalise(colour, PLAIN))
        const object = { boxes: Float32Array.from(rectangles[k]), classes: Int32Array.of(0) }
        const { boxes } = placeBoxes(object, at, region, 0)
        if (boxes.length === 0 || boxes[2] - boxes[0] < 2 || boxes[3] - boxes[1] < 2) return
        compared++
        const bounds = brightBounds(data, region)
        for (const i of [0, 1, 2, 3]) expect(Math.abs(bounds[i] - boxes[i])).toBeLessThan(1)
      })
    }
    expect(compared).toBeGreaterThan(100)
  })
})

describe('outlines move with their pixels', () => {
  // A frame without its upper right corner: a part with a hole, and concave, so that clipping may cut it in two.
  const outer = [40, 30, 130, 30, 130, 80, 180, 80, 180, 190, 40, 190]
  const hole = [70, 90, 70, 150, 120, 150, 120, 90]
  const source = { width: 220, height: 210 }
  const pixels = pixelsOfRle(rleOfRings([outer, hole], source.width, source.height))
  const image: RgbImage = {
    ...source,
    data: Uint8Array.from({ length: pixels.length * 3 }, (_, i) => 255 * pixels[Math.floor(i / 3)]!),
  }
  const object = {
    boxes: Float32Array.of(40, 30, 180, 190),
    classes: Int32Array.of(3),
    outlines: [[outer, hole]],
  }

  it.each([0, 1])('with mosaic probability %i', (mosaic) => {
    const rules: SceneRules = {
      canvas: CANVAS,
      input: PLAIN,
      augment: { ...geometryOnly, mosaic, mosaicUntil: 1 },
    }
    let compared = 0
    for (let seed = 0; seed < 60; seed++) {
      const random = mulberry32(seed)
      const chosen = chooseImages(random, 0, 1, rules.augment, 0)
      const data = new Float32Array(CANVAS.width * CANVAS.height * 3)
      const sources = chosen.map(() => source)
      arrange(random, sources, rules).forEach(({ at, region, colour }) => {
        drawImage({ ...CANVAS, data }, image, at, region, shiftAndNormalise(colour, PLAIN))
        const { outlines, dropped } = placeBoxes(object, at, region, 0)
        const drawn = pixelsOfRle(rleOfRings(outlines[0] ?? [], CANVAS.width, CANVAS.height))
        let [differing, bright] = [0, 0]
        for (let y = region.y[0]; y < region.y[1]; y++) {
          for (let x = region.x[0]; x < region.x[1]; x++) {
            const i = y * CANVAS.width + x
            const isBright = data[i * 3]! >= 0.5
            bright += Number(isBright)
            differing += Number(isBright !== (drawn[i] === 1))
          }
        }
        // Half a pixel along the outline at most.
        expect(differing).toBeLessThanOrEqual(0.5 * 1000 * (at.x.length / source.width) + 10)
        expect(differing).toBeLessThan(Math.max(60, bright * 0.15))
        expect(drawn.includes(1)).toBe(dropped === 0)
        compared++
      })
    }
    expect(compared).toBeGreaterThan(50)
  })

  it('what has its box in sight and nothing of its outline is dropped', () => {
    const identity = (source: number) => ({ source, length: source, offset: 0, flip: false })
    const at: Placement = { x: identity(220), y: identity(210) }
    const region = { x: [140, 220], y: [0, 70] } as const
    expect(placeBoxes(object, at, region, 0)).toMatchObject({ boxes: [], dropped: 1 })
    expect(placeBoxes({ ...object, outlines: [null] }, at, region, 0)).toMatchObject({ outlines: [null] })
  })
})

describe('placeBoxes', () => {
  // A 100×100 image drawn twice as large, of which the canvas's 100×100 show x, y in [25, 75).
  const axis = { source: 100, length: 200, offset: -50, flip: false }
  const region = { x: [0, 100], y: [0, 100] } as const
  const at: Placement = { x: axis, y: axis }
  const place = (boxes: number[], minVisible: number, where = at) =>
    placeBoxes(
      {
        boxes: Float32Array.from(boxes),
        classes: Int32Array.from({ length: boxes.length / 4 }, (_, n) => n),
      },
      where,
      region,
      minVisible,
    )

  it('scales, shifts and clips', () => {
    expect(place([30, 40, 50, 60, 20, 30, 45, 80], 0)).toEqual({
      boxes: [10, 30, 50, 70, 0, 10, 40, 100],
      classes: [0, 1],
      outlines: [null, null],
      dropped: 0,
    })
  })

  it('mirrors', () => {
    const mirrored = place([30, 40, 50, 60], 0, { x: { ...axis, flip: true }, y: axis })
    expect(mirrored.boxes).toEqual([50, 30, 90, 70])
  })

  it('drops a box of which less than the required share is left', () => {
    const quarter = [70, 40, 90, 60] // 5 of its 20 pixels of width are in view
    expect(place(quarter, 0.25).boxes).toHaveLength(4)
    expect(place(quarter, 0.26)).toEqual({ boxes: [], classes: [], outlines: [], dropped: 1 })
  })

  it('counts the share from the part inside the image', () => {
    const overhanging = [-60, 40, 30, 60] // 30 of 90 are in the image, 5 of those in view
    expect(place(overhanging, 5 / 30 - 1e-6).boxes).toEqual([0, 30, 10, 70])
    expect(place(overhanging, 5 / 30 + 1e-6).dropped).toBe(1)
  })

  it('drops boxes out of view, outside the image, empty, or inverted', () => {
    expect(place([0, 0, 10, 10, 120, 40, 130, 60, 40, 40, 40, 60, 60, 40, 50, 60], 0).dropped).toBe(4)
  })
})

describe('without augmentation', () => {
  it.each([
    [400, 300],
    [317, 211],
    [100, 90],
  ])('a %i×%i image is drawn as detection preprocesses it', (width, height) => {
    const random = mulberry32(1)
    const image = {
      width,
      height,
      data: Uint8Array.from({ length: width * height * 3 }, () => random() * 256),
    }
    const input = { ...PLAIN, shortSide: 160 }
    const expected = preprocess([image], input)
    const canvas = {
      width: expected.width,
      height: expected.height,
      data: new Float32Array(expected.images.length),
    }
    const [{ at, region, colour }] = arrange(random, [image], { canvas, input, augment: NO_AUGMENTATION })
    drawImage(canvas, image, at, region, shiftAndNormalise(colour, input))
    expect(Buffer.compare(Buffer.from(canvas.data.buffer), Buffer.from(expected.images.buffer))).toBe(0)
  })

  it('an image that the canvas does not hold is shrunk to fit, its shape kept', () => {
    const rules = { canvas: CANVAS, input: PLAIN, augment: NO_AUGMENTATION }
    const [{ at }] = arrange(mulberry32(1), [{ width: 300, height: 400 }], rules)
    expect([at.x.length, at.y.length]).toEqual([120, 160])
  })
})

describe('colour', () => {
  const same = { brightness: 1, contrast: 1, saturation: 1, hue: 0 }
  const shifted = (shift: Partial<typeof same>, rgb: number[]) => {
    const pixel = Float32Array.from(rgb)
    shiftAndNormalise({ ...same, ...shift }, PLAIN)(pixel)
    return Array.from(pixel, (v) => v * 255)
  }
  const closeTo = (rgb: number[]) => rgb.map((v) => expect.closeTo(v, 3))

  it('brightness multiplies, and clamps', () => {
    expect(shifted({ brightness: 1.5 }, [100, 20, 200])).toEqual(closeTo([150, 30, 255]))
  })

  it('contrast moves away from the mean colour', () => {
    const pixel = Float32Array.of(100, 100, 100)
    const mean: [number, number, number] = [60 / 255, 100 / 255, 140 / 255]
    shiftAndNormalise({ ...same, contrast: 1.5 }, { mean, std: [1, 1, 1] })(pixel)
    expect(Array.from(pixel, (v, c) => (v + mean[c]) * 255)).toEqual(closeTo([120, 100, 80]))
  })

  it('no saturation leaves luma', () => {
    expect(shifted({ saturation: 0 }, [200, 100, 50])).toEqual(closeTo([124.2, 124.2, 124.2]))
  })

  it.each([0.05, 0.25, -0.1])('a hue turn of %f keeps luma and greys, and turns back', (hue) => {
    const luma = ([r, g, b]: number[]) => 0.299 * r + 0.587 * g + 0.114 * b
    const colour = [120, 110, 100]
    const pixel = shifted({ hue }, colour)
    expect(Math.max(...pixel.map((v, c) => Math.abs(v - colour[c])))).toBeGreaterThan(1)
    expect(luma(pixel)).toBeCloseTo(luma(colour), 3)
    expect(shifted({ hue: -hue }, pixel)).toEqual(closeTo(colour))
    expect(shifted({ hue }, [77, 77, 77])).toEqual(closeTo([77, 77, 77]))
  })
})

describe('augmentFor', () => {
  it.each([10, 60, 500])('has a valid preset for %i images', (images) => {
    expect(AugmentConfig.parse(augmentFor(images))).toEqual(augmentFor(images))
  })

  it('keeps mosaics out of the last part of the run', () => {
    const config = { ...augmentFor(500), mosaic: 1 }
    expect(chooseImages(mulberry32(1), 3, 10, config, 0.79)).toHaveLength(4)
    expect(chooseImages(mulberry32(1), 3, 10, config, 0.8)).toEqual([3])
  })
})
