/** What FCOS with masks and PolarMask learn, against the targets that their authors' programs compute. */
import { describe, expect, it } from 'vitest'
import { DIALECTS, type MaskRules } from '../../../src/core/detectors/fcos/config.ts'
import { assignWithMasks, maskCentre } from '../../../src/core/detectors/fcos/masks.ts'
import { polarLoss } from '../../../src/core/detectors/polarmask/loss.ts'
import {
  exactRays,
  pixelRays,
  polarCenterness,
  rayPolygon,
} from '../../../src/core/detectors/polarmask/rays.ts'
import { largestPart, outline, targets } from '../../../src/core/detectors/polarmask/targets.ts'
import { maskOf } from '../../../src/core/geometry/coco-rle.ts'
import { pyramid } from '../../../src/core/pyramid/levels.ts'
import { locationAt } from '../../../src/core/pyramid/locations.ts'
import { fixture } from '../../support/fixtures.ts'
import { formulaOutputs } from '../../support/formula.ts'
import { largestDifference } from '../../support/largest-difference.ts'

interface Scene {
  losses: { mask: number; box: number; centerness: number } | null
  name: string
  width: number
  height: number
  objects: {
    kind: string
    segmentation: number[][]
    bbox_xywh: [number, number, number, number]
    mask_rle_column_major: number[]
    centroid_code: [number, number]
  }[]
}
const { values, json } = fixture<{ images: Scene[] }>('polarmask')

/** The first centroid at x = 0 switches the authors' assignment off for the whole image, which is not taken over. */
const SWITCHED_OFF = 3

describe.each(json.images.map((scene, index) => ({ ...scene, index })))('$name', (scene) => {
  const layout = pyramid(scene, 'half-stride')
  const objects = scene.objects.map((it) => {
    const [x, y, w, h] = it.bbox_xywh
    const mask = maskOf({ size: [scene.height, scene.width], counts: it.mask_rle_column_major }, scene, '')
    return { box: [x, y, x + w, y + h] as const, mask, polygons: it.segmentation }
  })
  const of = (name: string) => values(`${scene.index}.${name}`)

  it('polygons are drawn to the pixel, outlines followed and centroids cut as the authors do', () => {
    for (const [gt, { segmentation, centroid_code }] of scene.objects.entries()) {
      expect(maskOf(segmentation, scene, '')).toEqual(objects[gt]!.mask)
      const { points, centre } = outline(objects[gt]!.mask)!
      expect(pairs(points).sort()).toEqual(pairs(of(`contour${gt}`)).sort())
      expect(centre).toEqual(centroid_code)
    }
  })

  it.skipIf(scene.index === SWITCHED_OFF)('PolarMask: owners, sides, rays of both rules, centerness', () => {
    const code = targets(layout, objects, { count: 36, rays: 'code' })
    expect([...code.matched]).toEqual(of('gt'))
    expect([...code.location]).toEqual(of('positive_index'))
    expect(largestDifference(code.ltrb, of('ltrb'))).toBeLessThan(1e-4)
    expect(largestDifference(code.centerness, of('centerness'))).toBeLessThan(1e-6)
    expect(largestDifference(code.rays, of('rays'))).toBeLessThan(1e-3)
    const { rays } = targets(layout, objects, { count: 36, rays: 'exact' })
    expect(largestDifference(rays, of('rays_exact'))).toBeLessThan(1e-3)
  })

  it('rays from anywhere: a corner, an outline pixel, outside', () => {
    const [owners, places] = [of('extra.gt'), of('extra.location')]
    for (const [i, gt] of owners.entries()) {
      const [x, y] = [places[i * 2]!, places[i * 2 + 1]!]
      const exact = exactRays(largestPart(objects[gt]!.polygons), x, y, 36)
      expect(largestDifference(exact, of('extra.rays_exact').slice(i * 36, (i + 1) * 36))).toBeLessThan(1e-2)
      const code = pixelRays(outline(objects[gt]!.mask)!.points, x, y, 36)
      const theirs = of('extra.rays').slice(i * 36, (i + 1) * 36)
      expect(theirs.filter((ray, n) => Math.abs(ray - code[n]!) > 1e-3).length).toBeLessThanOrEqual(1)
    }
  })

  it.skipIf(scene.index === SWITCHED_OFF)('PolarMask: losses, their gradients, and outlines', () => {
    const { location, gt, ...learnt } = targets(layout, objects, { count: 36, rays: 'code' })
    const P = location.length
    const raw = {
      rays: formulaOutputs(`polarmask/${scene.index}/rays`, P * 36, 0.5, 3),
      regression: formulaOutputs(`polarmask/${scene.index}/ltrb`, P * 4, 0.5, 3.2),
      centerness: formulaOutputs(`polarmask/${scene.index}/ctr`, P, 1.5, 0),
    }
    const widths = { rays: 36, regression: 4, centerness: 1, logits: 1 }
    const outputs = Object.fromEntries(
      Object.entries(widths).map(([name, width]) => [name, new Float32Array(layout.locations * width)]),
    )
    for (const [i, at] of location.entries()) {
      for (const name of ['rays', 'regression', 'centerness'] as const) {
        const width = widths[name]
        outputs[name]!.set(raw[name].subarray(i * width, (i + 1) * width), at * width)
      }
    }
    const gradients = Object.fromEntries(
      Object.entries(outputs).map(([name, of]) => [name, new Float32Array(of.length)]),
    )
    const ones = new Float32Array(5).fill(1)
    const loss = polarLoss({
      ...{ outputs, gradients, grid: layout, unit: 'pixels', rays: 36, scales: ones, rayScales: ones },
      targets: [{ location, gt, ...learnt, classes: new Int32Array(objects.length) }],
      ...{ focalAlpha: 0.25, focalGamma: 2, normaliser: 1 },
    })
    const theirs = scene.losses!
    expect(loss.mask / theirs.mask).toBeCloseTo(1, 4)
    expect(loss.box / theirs.box).toBeCloseTo(1, 4)
    expect(loss.centerness / theirs.centerness).toBeCloseTo(1, 4)
    for (const [name, theirName] of [
      ['rays', 'rays'],
      ['regression', 'ltrb'],
      ['centerness', 'ctr'],
    ] as const) {
      const at = [...location].flatMap((row) => [
        ...gradients[name]!.subarray(row * widths[name], (row + 1) * widths[name]),
      ])
      expect(largestDifference(at, of(`loss.grad_raw_${theirName}`))).toBeLessThan(1e-5)
    }
    const polygons = of('decode.first16_clamped')
    for (let i = 0; i < 16; i++) {
      const { x, y } = locationAt(layout, location[i]!)
      const rays = raw.rays.subarray(i * 36, (i + 1) * 36).map(Math.exp)
      const ours = rayPolygon(rays, x, y).map((value, k) =>
        Math.min(Math.max(value, 0), (k % 2 === 0 ? scene.width : scene.height) - 1),
      )
      const expected = ours.map((_, k) => polygons[i * 72 + (k % 2) * 36 + (k >> 1)]!)
      expect(largestDifference(ours, expected)).toBeLessThan(1e-2)
    }
  })

  it.each<[string, number, MaskRules]>([
    ['adelai.box', 1.5, { centre: 'box', pixels: false, fallback: 'none' }],
    ['adelai.mask', 1.5, { centre: 'mask', pixels: false, fallback: 'none' }],
    ['pixels.inside.none', 0, { centre: 'box', pixels: true, fallback: 'none' }],
    ['pixels.box1.5.none', 1.5, { centre: 'box', pixels: true, fallback: 'none' }],
    ['pixels.mask1.5.none', 1.5, { centre: 'mask', pixels: true, fallback: 'none' }],
    ['pixels.mask1.5.base', 1.5, { centre: 'mask', pixels: true, fallback: 'base' }],
    ['pixels.mask1.5.nearest', 1.5, { centre: 'mask', pixels: true, fallback: 'nearest' }],
  ])('FCOS with masks: %s', (name, radius, masks) => {
    if (name === 'adelai.mask' && scene.index === SWITCHED_OFF) return
    const withCentre = objects.map(({ mask }) => ({ mask, centre: maskCentre(mask) }))
    expect(
      largestDifference(
        withCentre.flatMap(({ centre }) => centre),
        of('mask_centroid'),
      ),
    ).toBeLessThan(1e-4)
    const boxes = Float32Array.from(of('boxes'))
    const { matched } = assignWithMasks(layout, { ...DIALECTS.authors, radius }, masks, boxes, withCentre)
    expect([...matched]).toEqual(of(name))
  })
})

it('rays of a square by hand, and what is said of a ring', () => {
  const square = [0, 0, 10, 0, 10, 10, 0, 10]
  expect([...exactRays(square, 4, 5, 4)]).toEqual([5, 6, 5, 4])
  expect(polarCenterness([5, 6, 5, 4])).toBeCloseTo(Math.sqrt(4 / 6), 6)
  const u = [0, 0, 2, 0, 2, 8, 8, 8, 8, 0, 10, 0, 10, 10, 0, 10]
  const crossings = new Uint16Array(4)
  // From between its arms a U is crossed twice to each side, and not at all above.
  expect([...exactRays(u, 5, 4, 4, crossings)]).toEqual([6, 5, 0, 5])
  expect([...crossings]).toEqual([2, 2, 0, 2])
})

const pairs = (flat: ArrayLike<number>): string[] =>
  Array.from({ length: flat.length / 2 }, (_, i) => `${flat[2 * i]} ${flat[2 * i + 1]}`)
