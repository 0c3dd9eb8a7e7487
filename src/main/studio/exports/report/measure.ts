/** Measures a run's model on its validation images, as they were labelled when the run began. */
import type { EngineData } from '../../../../core/contract/engine.ts'
import type {
  ClassThresholds,
  ErrorReport,
  PrecisionCurve,
} from '../../../../core/contract/studio/evaluation.ts'
import { type ConfusionMatrix, confusionMatrix } from '../../../../core/evaluation/analysis/confusion.ts'
import { VERDICT } from '../../../../core/evaluation/analysis/findings.ts'
import type { Evaluation } from '../../../../core/evaluation/coco-metrics.ts'
import { NOTHING } from '../../../../core/evaluation/group-matcher.ts'
import { type BoxXyxy, toXywh, toXyxy } from '../../../../core/geometry/box.ts'
import { errorReport } from '../../evaluation/analysis/errors.ts'
import { curvesOf } from '../../evaluation/analysis/numbers.ts'
import { thresholdsOf } from '../../evaluation/analysis/thresholds.ts'
import type { FrozenTruth } from '../../evaluation/frozen.ts'
import { Analysis } from '../../evaluation/loaded-evaluation.ts'
import { type Found, isRead } from '../check-model.ts'

export interface Measured {
  readonly metrics: Evaluation
  readonly curves: readonly PrecisionCurve[]
  readonly thresholds: readonly ClassThresholds[]
  readonly errors: ErrorReport
  /** Confusion of the detections above each class's threshold of best F1, which the scenes show too. */
  readonly confusion: ConfusionMatrix
  /** An entry per image of the data. */
  readonly scenes: readonly Scene[]
}

/** The detections in an image, and the objects that were missed. */
export interface Scene {
  readonly marks: readonly Mark[]
  /** Wrong detections and objects not found. */
  readonly mistakes: number
}

export interface Mark {
  readonly kind: 'right' | 'wrong' | 'missed'
  readonly box: BoxXyxy
  readonly classId: number
  /** Null for a missed object. */
  readonly score: number | null
}

export function measure(data: EngineData, found: Found): Measured {
  const truth = truthOf(data)
  const detections = data.images.flatMap(({ id: imageId }, i) => {
    const boxes = found[i]!
    if (!isRead(boxes)) return []
    return boxes.map(({ box, categoryId, score }) => ({ imageId, categoryId, score, box: toXywh(box) }))
  })
  const analysis = new Analysis(truth, detections)
  const thresholds = thresholdsOf(analysis)
  const least = new Map(
    thresholds.map(({ classId, best }) => [classId, best?.score ?? Number.POSITIVE_INFINITY]),
  )
  const kept = new Analysis(
    truth,
    detections.filter(
      ({ categoryId, score }) => score >= (least.get(categoryId) ?? Number.POSITIVE_INFINITY),
    ),
  )
  return {
    metrics: analysis.metrics,
    curves: curvesOf(analysis, {
      ...{ evaluation: '', ranking: 'score', by: 'class', classId: null, iou: 0.5, size: 'all' },
    }),
    thresholds,
    errors: errorReport(analysis),
    confusion: confusionMatrix(kept.tables, { score: 0, iou: 0.5 }),
    scenes: scenesOf(kept),
  }
}

function truthOf({ categories, images }: EngineData): FrozenTruth {
  const objects = images.flatMap(({ id: imageId, boxes, categories: ids, crowds, areas }) =>
    Array.from(ids, (categoryId, i) => {
      const [x1, y1, x2, y2] = boxes.subarray(i * 4, i * 4 + 4)
      const box = toXywh([x1!, y1!, x2!, y2!])
      return { imageId, categoryId, box, area: areas[i]!, crowd: crowds[i] === 1 }
    }),
  )
  return {
    categories,
    images: images.map(({ id, path }) => ({ id, fileName: path })),
    // A run does not store ids of annotations.
    objects: objects.map((object, annotationId) => ({ ...object, annotationId })),
  }
}

function scenesOf({ truth, detections, tables, findings }: Analysis): Scene[] {
  const marksOf = new Map<number, Mark[]>(truth.images.map(({ id }) => [id, []]))
  for (const d of tables.ranked) {
    const verdict = findings.verdict[d]
    if (verdict === VERDICT.ignored) continue
    const { imageId, categoryId: classId, box, score } = detections[tables.detections.source[d]!]!
    const kind = verdict === VERDICT.right ? 'right' : 'wrong'
    marksOf.get(imageId)!.push({ kind, classId, score, box: toXyxy(box) })
  }
  for (let g = 0; g < tables.groundTruth.rows; g++) {
    if (findings.wanted[g] !== 1 || findings.detection[g] !== NOTHING) continue
    const { imageId, categoryId: classId, box } = truth.objects[tables.groundTruth.source[g]!]!
    marksOf.get(imageId)!.push({ kind: 'missed', classId, score: null, box: toXyxy(box) })
  }
  return truth.images.map(({ id }) => {
    const marks = marksOf.get(id)!
    return { marks, mistakes: marks.filter(({ kind }) => kind !== 'right').length }
  })
}
