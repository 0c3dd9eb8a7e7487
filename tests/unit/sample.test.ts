import { readdirSync, readFileSync, statSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { annotate, LEAST_IOU, maskOf } from '../../resources/sample/generate/annotate.ts'
import type { Camera } from '../../resources/sample/generate/camera.ts'
import { compose, SEED } from '../../resources/sample/generate/compose.ts'
import { categories, labelled } from '../../resources/sample/generate/dataset.ts'
import { develop } from '../../resources/sample/generate/develop.ts'
import { isValidation, SCENES } from '../../resources/sample/generate/recipes.ts'
import { render } from '../../resources/sample/generate/render.ts'
import { SHAPES } from '../../resources/sample/generate/shapes.ts'
import { LEAST_SIDE, LEAST_VISIBLE } from '../../resources/sample/generate/strew.ts'
import type { Piece, World } from '../../resources/sample/generate/world.ts'
import { torchvisionConfig } from '../../src/core/detectors/fcos/presets.ts'
import { area } from '../../src/core/geometry/box.ts'
import { polygonBounds, type Ring } from '../../src/core/geometry/polygon.ts'
import { rleOfPixels } from '../../src/core/geometry/rle.ts'
import { iouOfRings } from '../../src/core/geometry/simplify.ts'
import { inspect } from '../../src/core/inspect/report.ts'

const folder = new URL('../../resources/sample/', import.meta.url)

interface Coco {
  images: { id: number; file_name: string; width: number; height: number }[]
  annotations: {
    image_id: number
    category_id: number
    bbox: [number, number, number, number]
    segmentation: number[][]
  }[]
}
const splitOf = (name: string): Coco => JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))
const train = splitOf('train')
const val = splitOf('val')

/** The same view in fewer pixels. */
function shrunk(world: World, factor: number): World {
  const { camera } = world
  const width = Math.round(camera.width * factor)
  const height = Math.round(camera.height * factor)
  return { ...world, camera: { ...camera, width, height, focal: camera.focal * factor } }
}

describe('the scenes', () => {
  const scenes = Array.from({ length: SCENES }, (_, index) => compose(SEED, index))
  const images = scenes.map(labelled)

  it('give the annotations in the folder', () => {
    for (const [split, isVal] of [
      [train, false],
      [val, true],
    ] as const) {
      const own = images.filter((_, index) => isValidation(index) === isVal)
      expect(split.images.map(({ file_name }) => file_name)).toEqual(own.map(({ fileName }) => fileName))
      const boxes = own.flatMap(({ id, annotations }) =>
        annotations.map(({ box: [x1, y1, x2, y2], categoryId }) => [
          id,
          categoryId,
          x1,
          y1,
          x2 - x1,
          y2 - y1,
        ]),
      )
      expect(split.annotations.map((a) => [a.image_id, a.category_id, ...a.bbox])).toEqual(boxes)
      const outlines = own.flatMap(({ annotations }) => annotations.map(({ segmentation }) => segmentation))
      expect(split.annotations.map(({ segmentation }) => segmentation)).toEqual(outlines)
    }
  })

  it('have outlines that hold the pixels of their piece, in the box around it', () => {
    for (const [index, world] of scenes.slice(0, 8).entries()) {
      const traced = maskOf(world)
      const { width, height } = world.camera
      const pieces = annotate(world, traced).flatMap(({ category }, piece) => (category ? [piece] : []))
      for (const [at, { box, segmentation }] of images[index].annotations.entries()) {
        const rings = segmentation as readonly Ring[]
        const shown = rleOfPixels(
          traced.mask.map((nearest) => (nearest === pieces[at] ? 1 : 0)),
          width,
          height,
        )
        expect(polygonBounds(rings)).toEqual(box)
        expect(iouOfRings(rings, shown)).toBeGreaterThanOrEqual(LEAST_IOU)
      }
    }
  })

  it('give work to every level, P3 to P7, at the input size of torchvision', () => {
    const { input, assignment } = torchvisionConfig([])
    const { perLevel, recall } = inspect({ categories, images }, { input, rules: assignment })
    for (const { boxes } of perLevel) expect(boxes).toBeGreaterThan(0)
    expect(recall.learnable / recall.boxes).toBeGreaterThan(0.99)
  })

  it('show every labelled piece: large enough, and a quarter of it at least', () => {
    for (const world of scenes) {
      for (const { category, box, visible } of annotate(world)) {
        if (!category) continue
        const [x1, y1, x2, y2] = box!
        expect(Math.min(x2 - x1, y2 - y1)).toBeGreaterThanOrEqual(LEAST_SIDE)
        expect(Math.min(x1, y1)).toBeGreaterThanOrEqual(0)
        expect(x2).toBeLessThanOrEqual(world.camera.width)
        expect(y2).toBeLessThanOrEqual(world.camera.height)
        expect(visible).toBeGreaterThanOrEqual(LEAST_VISIBLE)
        expect(visible).toBeLessThanOrEqual(1)
      }
    }
  })

  it('have boxes that touch their piece on all four sides and leave none of it out', () => {
    for (const world of scenes.slice(0, 6)) {
      const { width } = world.camera
      const { mask } = maskOf(world)
      for (const [index, { box }] of annotate(world).entries()) {
        if (!box) continue
        const shown = [...mask.keys()].filter((pixel) => mask[pixel] === index)
        const columns = new Set(shown.map((pixel) => pixel % width))
        const rows = new Set(shown.map((pixel) => Math.floor(pixel / width)))
        const [x1, y1, x2, y2] = box
        for (const edge of [x1, x2 - 1]) expect(columns).toContain(edge)
        for (const edge of [y1, y2 - 1]) expect(rows).toContain(edge)
        for (const outside of [x1 - 1, x2]) expect(columns).not.toContain(outside)
        for (const outside of [y1 - 1, y2]) expect(rows).not.toContain(outside)
      }
    }
  })

  it('render to the same pixels each time, and to others from another seed', () => {
    const small = shrunk(compose(SEED, 2), 0.125)
    const picture = (world: World) => develop(render(world), world)
    const first = picture(small)
    expect(picture(shrunk(compose(SEED, 2), 0.125))).toEqual(first)
    expect(picture({ ...small, seed: small.seed + 1 })).not.toEqual(first)
    // A picture, not a flat field: its darkest and brightest pixels are far apart.
    expect(Math.max(...first) - Math.min(...first)).toBeGreaterThan(100)
  })
})

describe('ground truth', () => {
  const camera: Camera = {
    width: 200,
    height: 160,
    eye: [0, 0, 0],
    right: [1, 0, 0],
    up: [0, 1, 0],
    forward: [0, 0, -1],
    focal: 300,
    lens: 0,
    focus: 20,
  }
  const axes = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ] as const
  const piece = (shape: 'die' | 'marble', size: number, centre: Piece['centre']): Piece => ({
    shape,
    size,
    centre,
    axes,
    radius: SHAPES[shape].bound * size,
    finish: { stuff: 'plastic', colour: [1, 1, 1], accent: [0, 0, 0], seed: 1 },
  })

  it('matches the outline of a ball worked by hand', () => {
    // 20 cm ahead, radius 2: half width 300 · tan(asin(2/20)) = 30.15 px around (100, 80).
    const [{ box, visible }] = annotate({ camera, pieces: [piece('marble', 2, [0, 0, -20])] })
    expect(box).toEqual([70, 50, 130, 110])
    expect(visible).toBe(1)
  })

  it('clips at the border and counts what is cut off as hidden', () => {
    // Centre on the left border: 100 px left of the middle is 20 · 100/300 cm.
    const [{ box, visible }] = annotate({ camera, pieces: [piece('marble', 2, [-20 / 3, 0, -20])] })
    expect(box![0]).toBe(0)
    expect(visible).toBeGreaterThan(0.45)
    expect(visible).toBeLessThan(0.55)
  })

  it('spans only what is seen past a nearer piece', () => {
    // 300 · tan(asin(1.2/20)) = 18.03 px around (100, 80). The near die's left face lies in the plane x = 0 through
    // the eye, and its front edge is straight up to 0.76 cm at 9 cm: it hides the right half, x ≥ 100.
    const far = piece('marble', 1.2, [0, 0, -20])
    const near = piece('die', 1, [1, 0, -10])
    for (const pieces of [
      [far, near],
      [near, far],
    ]) {
      const { box, visible } = annotate({ camera, pieces })[pieces.indexOf(far)]
      expect(box).toEqual([82, 62, 100, 98])
      expect(visible).toBe(0.5)
    }
  })
})

describe('the files', () => {
  it('are 60 small pictures of the declared sizes', async () => {
    const names = readdirSync(new URL('images/', folder))
    const images = [...train.images, ...val.images]
    expect(images.map(({ file_name }) => file_name).sort()).toEqual(names.sort())
    let bytes = 0
    for (const { file_name, width, height } of images) {
      const path = new URL(`images/${file_name}`, folder)
      bytes += statSync(path).size
      expect(await sharp(readFileSync(path)).metadata()).toMatchObject({ format: 'jpeg', width, height })
    }
    expect(bytes).toBeLessThan(5e6)
  })

  it('are split into 44 and 16 that share no picture, each with some that are empty', () => {
    expect([train.images.length, val.images.length]).toEqual([44, 16])
    const ids = new Set(train.images.map(({ id }) => id))
    expect(val.images.filter(({ id }) => ids.has(id))).toEqual([])
    for (const { images, annotations } of [train, val]) {
      const labelledIds = new Set(annotations.map(({ image_id }) => image_id))
      expect(images.filter(({ id }) => !labelledIds.has(id))).not.toEqual([])
    }
  })

  it('have the three classes in about equal numbers', () => {
    for (const { annotations } of [train, val]) {
      for (const { id } of categories) {
        const share = annotations.filter(({ category_id }) => category_id === id).length / annotations.length
        expect(share).toBeGreaterThan(0.27)
        expect(share).toBeLessThan(0.4)
      }
    }
  })

  it('have sizes from about 10 to about 300 px', () => {
    const sizes = [...train.annotations, ...val.annotations]
      .map(({ bbox: [x, y, w, h] }) => Math.sqrt(area([x, y, x + w, y + h])))
      .sort((a, b) => a - b)
    expect(sizes[0]).toBeLessThan(13)
    expect(sizes.at(-1)).toBeGreaterThan(290)
    // Too few pixels to tell the classes apart would make a detector look bad for no fault of its own.
    expect(sizes.filter((size) => size < 16).length / sizes.length).toBeLessThan(0.06)
  })
})
