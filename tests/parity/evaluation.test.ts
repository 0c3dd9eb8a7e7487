import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Evaluation, evaluate, evaluateGroundTruth } from '../../src/core/evaluation/coco-metrics.ts'
import { curve, recallAt } from '../../src/core/evaluation/precision-recall.ts'
import { AREA, IOU_50, IOU_THRESHOLDS, UP_TO } from '../../src/core/evaluation/protocol.ts'
import { parseCoco } from '../../src/core/formats/coco.ts'
import { parseCocoGroundTruth } from '../../src/core/formats/coco-ground-truth.ts'
import { parseCocoResults, toDetections } from '../../src/core/formats/coco-results.ts'
import { cocoScene } from '../support/detection-scenes.ts'
import { largestDifference } from '../support/largest-difference.ts'

const TOLERANCE = 1e-9

interface Expected {
  stats: number[]
  ap_per_category: Record<string, number>
  precision_iou50_all_max100: Record<string, number[]>
  recall_all_max100: Record<string, number[]>
}

const fixture = (name: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures', name), 'utf8')) as unknown

describe("pycocotools' numbers for a stored set with crowds, ties, empty images and a class without objects", () => {
  const expected = fixture('coco_eval.json') as Expected
  const truth = parseCocoGroundTruth(fixture('coco_gt.json'), 'coco_gt.json')
  const results = parseCocoResults(fixture('coco_dt.json'), 'coco_dt.json')
  const detections = toDetections(results, truth.images, 'coco_dt.json')
  const evaluation = evaluateGroundTruth(truth, detections)

  it('the 12 numbers', () => {
    expect(largestDifference(evaluation.stats, expected.stats)).toBeLessThan(TOLERANCE)
  })

  it('AP of every category', () => {
    expect(evaluation.perCategory.map(({ id }) => String(id))).toEqual(Object.keys(expected.ap_per_category))
    const ap = evaluation.perCategory.map((category) => category.ap)
    expect(largestDifference(ap, Object.values(expected.ap_per_category))).toBeLessThan(TOLERANCE)
  })

  it('precision at IoU 0.50 and recall at every IoU', () => {
    evaluation.perCategory.forEach(({ id }, k) => {
      const { precision } = curve(evaluation.curves, { t: IOU_50, k, a: AREA.all, m: UP_TO[100] })
      expect(largestDifference(precision, expected.precision_iou50_all_max100[id]!)).toBeLessThan(TOLERANCE)
      const recall = IOU_THRESHOLDS.map((_, t) => {
        return evaluation.curves.recall[recallAt(evaluation.curves, { t, k, a: AREA.all, m: UP_TO[100] })]!
      })
      expect(largestDifference(recall, expected.recall_all_max100[id]!)).toBeLessThan(TOLERANCE)
    })
  })

  it('the same through a data set in memory, as during training', () => {
    const { dataset, problems } = parseCoco(fixture('coco_gt.json'), 'coco_gt.json')
    expect(problems).toEqual([])
    expect(largestDifference(evaluate(dataset, detections).stats, expected.stats)).toBeLessThan(TOLERANCE)
  })
})

const python = process.env.FCOS_PEER_PYTHON
if (!python) {
  console.warn('FCOS_PEER_PYTHON is not set: the evaluator is not held against a live pycocotools')
}

describe.skipIf(!python)('every tensor of a live pycocotools', () => {
  it.each([
    { seed: 1, images: 60, objects: 400, detections: 3_000, categories: 5 },
    // Over 100 detections per image and category.
    { seed: 2, images: 4, objects: 120, detections: 2_500, categories: 3 },
    { seed: 3, images: 300, objects: 80, detections: 400, categories: 12 },
  ])('seed $seed', (options) => {
    const { groundTruth, results } = cocoScene(options)
    const truth = parseCocoGroundTruth(groundTruth, 'gt')
    const evaluation = evaluateGroundTruth(
      truth,
      toDetections(parseCocoResults(results, 'dt'), truth.images, 'dt'),
    )
    const expected = pycocotools(groundTruth, results)
    expect(largestDifference(evaluation.stats, expected.stats)).toBeLessThan(TOLERANCE)
    for (const name of ['precision', 'recall', 'scores'] as const) {
      expect(largestDifference(evaluation.curves[name], expected[name]), name).toBeLessThan(TOLERANCE)
    }
  })
})

type Tensors = Record<'precision' | 'recall' | 'scores', number[]> & Pick<Evaluation, 'stats'>

function pycocotools(groundTruth: unknown, results: unknown): Tensors {
  const folder = mkdtempSync(join(tmpdir(), 'fcos-evaluation-'))
  try {
    const files = [join(folder, 'gt.json'), join(folder, 'dt.json')] as const
    writeFileSync(files[0], JSON.stringify(groundTruth))
    writeFileSync(files[1], JSON.stringify(results))
    const script = join(import.meta.dirname, '../support/pycocotools_eval.py')
    const output = execFileSync(python!, [script, ...files, '--tensors'], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    })
    return JSON.parse(output) as Tensors
  } finally {
    rmSync(folder, { recursive: true })
  }
}
