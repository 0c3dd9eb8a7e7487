import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { evaluateGroundTruth } from '../../src/core/evaluation/coco-metrics.ts'
import { iouOf } from '../../src/core/evaluation/ious.ts'
import { curve } from '../../src/core/evaluation/precision-recall.ts'
import { AREA, IOU_50, UP_TO } from '../../src/core/evaluation/protocol.ts'
import { type IouType, layOut } from '../../src/core/evaluation/tables.ts'
import { parseCocoGroundTruth } from '../../src/core/formats/coco-ground-truth.ts'
import { parseCocoResults, toDetections } from '../../src/core/formats/coco-results.ts'
import { rleArea } from '../../src/core/geometry/rle.ts'

interface Expected {
  stats: number[]
  ap_per_category: number[]
  precision50: number[][]
  ious: { image: number; category: number; iou: number[][] }[]
}

const fixture = (name: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures', name), 'utf8'))
const expected = fixture('segm_eval.json') as Record<IouType, Expected> & { areas_of_detections: number[] }

function read(iouType: IouType) {
  const truth = parseCocoGroundTruth(fixture('segm_gt.json'), 'segm_gt.json', iouType)
  const results = parseCocoResults(fixture('segm_dt.json'), 'segm_dt.json')
  return { truth, detections: toDetections(results, truth.images, 'segm_dt.json', iouType) }
}

describe.each(['segm', 'bbox'] as const)("pycocotools' numbers for %s", (iouType) => {
  const { truth, detections } = read(iouType)
  const evaluation = evaluateGroundTruth(truth, detections, iouType)
  const theirs = expected[iouType]

  it('the 12 numbers, AP by category and precision at IoU 0.50', () => {
    close(evaluation.stats, theirs.stats)
    close(
      evaluation.perCategory.map(({ ap }) => ap),
      theirs.ap_per_category,
    )
    for (const [k] of evaluation.perCategory.entries())
      close(
        curve(evaluation.curves, { t: IOU_50, k, a: AREA.all, m: UP_TO[100] }).precision,
        theirs.precision50[k]!,
      )
  })

  it('every IoU of the first image', () => {
    const { groundTruth, detections: table, categoryIds, imageIds } = layOut(truth, detections, iouType)
    for (const { image, category, iou } of theirs.ious) {
      const rowsOf = ({ rows, category: ks, image: is }: Pick<typeof table, 'rows' | 'category' | 'image'>) =>
        Array.from({ length: rows }, (_, row) => row).filter(
          (row) => categoryIds[ks[row]!] === category && imageIds[is[row]!] === image,
        )
      const [objects, found] = [rowsOf(groundTruth), rowsOf(table)]
      expect(found.map((d) => objects.map((g) => iouOf(groundTruth, g, table, d)))).toEqual(
        iou.length === 0 ? found.map(() => []) : iou,
      )
    }
  })
})

it('the pixel areas of all detections', () => {
  expect(read('segm').detections.map(({ mask }) => rleArea(mask!))).toEqual(expected.areas_of_detections)
})

function close(ours: ArrayLike<number>, theirs: ArrayLike<number>): void {
  expect(ours.length).toBe(theirs.length)
  for (let i = 0; i < ours.length; i++) expect(Math.abs(ours[i]! - theirs[i]!)).toBeLessThan(1e-9)
}
