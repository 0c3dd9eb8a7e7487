/** What ATSS, CenterNet and RetinaNet learn, against the targets that their authors' programs and torchvision compute. */
import { describe, expect, it } from 'vitest'
import * as atss from '../../../src/core/detectors/atss/assign.ts'
import * as centernet from '../../../src/core/detectors/centernet/targets.ts'
import { anchorBoxes, anchorsOf } from '../../../src/core/detectors/retinanet/anchors.ts'
import * as retinanet from '../../../src/core/detectors/retinanet/assign.ts'
import { pyramid, STRIDES } from '../../../src/core/pyramid/levels.ts'
import constants from '../../fixtures/retinanet_constants.json' with { type: 'json' }
import { fixture } from '../../support/fixtures.ts'

describe('ATSS', () => {
  const { values, json, has } = fixture<{
    cases: {
      width: number
      height: number
      note: string
      runs?: Record<string, { candidate_ties: number[] }>
    }[]
  }>('atss_targets')

  describe.each(json.cases.map((it, index) => ({ ...it, index })))('case $index: $note', (scene) => {
    const layout = atss.anchorCentres(scene, 'authors')
    const boxes = Float32Array.from(values(`${scene.index}.boxes`))

    it.each([9, 3, 15])('k = %i: matches, candidates, IoUs and thresholds of the authors', (candidates) => {
      const key = `${scene.index}.k${candidates}`
      const ours = atss.assign(layout, { ...atss.PAPER_RULES, candidates }, boxes)
      if (!has(`${key}.matched`)) {
        // The authors' program fails on an image without boxes.
        expect(boxes).toHaveLength(0)
        expect(ours.matched.every((gt) => gt === -1)).toBe(true)
        return
      }
      expect([...ours.matched]).toEqual(values(`${key}.matched`))
      close(ours.threshold, values(`${key}.threshold`), 1e-6)
      close(ours.mean, values(`${key}.mean`), 1e-6)
      close(ours.deviation, values(`${key}.std`), 1e-6)
      // Among cells that are equally near to a box, torch takes any.
      const ties = new Set(scene.runs?.[`k${candidates}`]?.candidate_ties)
      const each = ours.candidates.length / (boxes.length / 4)
      const rows = (all: ArrayLike<number>) =>
        Array.from({ length: boxes.length / 4 }, (_, gt) => Array.from(all).slice(gt * each, (gt + 1) * each))
      const [theirs, theirIous] = [rows(values(`${key}.candidates`)), rows(values(`${key}.candidate_iou`))]
      const ourIous = rows(ours.candidateIou)
      for (const [gt, row] of rows(ours.candidates).entries()) {
        if (ties.has(gt)) continue
        const pairs = (locations: number[], ious: number[]) =>
          locations.map((location, c) => [location, ious[c]!] as const).sort(([a], [b]) => a - b)
        expect(pairs(row, ourIous[gt]!)).toEqual(pairs(theirs[gt]!, theirIous[gt]!))
      }
    })

    it('matches of mmdet', () => {
      const centres = atss.anchorCentres(scene, 'mmdet')
      const ours = atss.assign(centres, { ...atss.PAPER_RULES, dialect: 'mmdet' }, boxes)
      const theirs = values(`${scene.index}.mmdet.k9.matched`)
      const differing = theirs.filter((gt, location) => gt !== ours.matched[location]).length
      // Case 5 has integer boxes on the grid: which of several equally near cells is a candidate is not specified.
      expect(differing).toBeLessThanOrEqual(scene.index === 5 ? 2 : 0)
    })
  })

  it('gives a starved box its best location only where that is asked for', () => {
    const layout = atss.anchorCentres({ width: 320, height: 256 }, 'authors')
    // A 3-pixel box between centres, and the same box twice.
    const boxes = Float32Array.from([17, 17, 20, 20, 100, 60, 180, 150, 100, 60, 180, 150])
    const wins = (atLeastOne: boolean) => {
      const { matched, rescued } = atss.assign(layout, { ...atss.PAPER_RULES, atLeastOne }, boxes)
      return { each: [0, 1, 2].map((gt) => matched.filter((owner) => owner === gt).length), rescued }
    }
    expect(wins(false)).toEqual({ each: [0, expect.any(Number), 0], rescued: [] })
    const { each, rescued } = wins(true)
    expect(each[0]).toBe(1)
    expect(each[2]).toBe(1)
    expect(each[1]).toBeGreaterThan(1)
    expect(rescued).toHaveLength(2)
  })
})

describe('CenterNet', () => {
  const { values, json, has } = fixture<{ cases: { name: string; output_wh: [number, number] }[] }>(
    'centernet',
  )

  it.each([
    ['authors', { radius: 'authors', minOverlap: 0.7 }],
    ['authors_0.5', { radius: 'authors', minOverlap: 0.5 }],
    ['corrected_0.7', { radius: 'corrected', minOverlap: 0.7 }],
    ['corrected_0.3', { radius: 'corrected', minOverlap: 0.3 }],
  ] as const)('radius, %s', (name, rules) => {
    const sides = values('radius.sides')
    const ours = sides.flatMap((height) =>
      sides.map((width) => centernet.gaussianRadius(height, width, { ...rules, maxObjects: 128 })),
    )
    close(ours, values(`radius.${name}`), 1e-9)
  })

  it.each(json.cases.map((it, index) => ({ ...it, index })))('case $index: $name', ({ index, output_wh }) => {
    const affine = values(`${index}.affine`)
    const xywh = values(`${index}.boxes_xywh`)
    const corner = (x: number, y: number) => [
      affine[0]! * x + affine[1]! * y + affine[2]!,
      affine[3]! * x + affine[4]! * y + affine[5]!,
    ]
    const boxes = Float32Array.from(
      Array.from({ length: xywh.length / 4 }, (_, gt) => {
        const [x, y, w, h] = xywh.slice(gt * 4, gt * 4 + 4) as [number, number, number, number]
        return [...corner(x, y), ...corner(Math.fround(x + w), Math.fround(y + h))]
      }).flat(),
    )
    const classes = has(`${index}.class`) ? values(`${index}.class`) : []
    const maxObjects = index === 6 ? 8 : 128
    const ours = centernet.targets(
      { columns: output_wh[0], rows: output_wh[1] },
      { ...centernet.AUTHORS_RULES, maxObjects },
      boxes,
      classes,
      3,
    )
    if (boxes.length === 0) {
      expect(ours.heatmap.every((value) => value === 0)).toBe(true)
      return
    }
    expect([...ours.heatmap]).toEqual(values(`${index}.hm`))
    const kept = values(`${index}.mask`)
    expect(kept.map((_, gt) => (ours.index[gt] === -1 ? 0 : 1))).toEqual(kept)
    expect(ours.index.slice(kept.length).every((cell) => cell === -1)).toBe(true)
    const [index_, size, offset] = ['ind', 'wh', 'reg'].map((name) => values(`${index}.${name}`))
    for (const [gt, used] of kept.entries()) {
      if (!used) continue
      expect(ours.index[gt]).toBe(index_![gt])
      for (const side of [gt * 2, gt * 2 + 1]) {
        expect(Math.abs(ours.size[side]! - size![side]!)).toBeLessThan(1e-5)
        expect(Math.abs(ours.offset[side]! - offset![side]!)).toBeLessThan(1e-5)
      }
    }
  })
})

describe('RetinaNet', () => {
  const { values } = fixture('retinanet_loss')

  it("torchvision's anchors, rounded half to even", () => {
    expect(
      STRIDES.map((stride) => anchorsOf(stride).map(({ halfWidth: w, halfHeight: h }) => [-w, -h, w, h])),
    ).toEqual(constants.v1.cell_anchors)
    expect([...anchorBoxes(pyramid({ width: 160, height: 128 }, 'corner'))]).toEqual(values('anchors'))
    for (const [width, height] of [
      [640, 512],
      [1216, 800],
    ] as const) {
      const all = anchorBoxes(pyramid({ width, height }, 'corner'))
      const key = `anchors_${height}x${width}`
      expect(values(`${key}.index`).flatMap((anchor) => [...all.slice(anchor * 4, anchor * 4 + 4)])).toEqual(
        values(`${key}.box`),
      )
    }
  })

  it.each([0, 1, 2])("torchvision's matches, image %i", (image) => {
    const layout = pyramid({ width: 160, height: 128 }, 'corner')
    const boxes = Float32Array.from(values(`boxes_${image}`))
    const { matched } = retinanet.assign(layout, retinanet.TORCHVISION_RULES, boxes)
    expect([...matched]).toEqual(values(`matched_${image}`))
  })

  it('a box outside all anchors claims none and is named; a floor keeps tiny boxes from flooding', () => {
    const layout = pyramid({ width: 320, height: 320 }, 'corner')
    const boxes = Float32Array.from([5000, 5000, 5010, 5010, 100, 100, 103, 103])
    const { unreachable, lowQuality, boxIou } = retinanet.assign(layout, retinanet.TORCHVISION_RULES, boxes)
    expect(unreachable).toEqual([0])
    expect(lowQuality.length).toBeGreaterThan(9)
    expect(boxIou[1]).toBeLessThan(0.05)
    const floored = { ...retinanet.TORCHVISION_RULES, lowQualityFloor: 0.1 }
    expect(retinanet.assign(layout, floored, boxes).lowQuality).toHaveLength(0)
  })
})

function close(ours: ArrayLike<number>, theirs: ArrayLike<number>, tolerance: number): void {
  expect(ours.length).toBe(theirs.length)
  for (let i = 0; i < ours.length; i++) expect(Math.abs(ours[i]! - theirs[i]!)).toBeLessThan(tolerance)
}
