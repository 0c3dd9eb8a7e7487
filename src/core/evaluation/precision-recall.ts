/** The tensors behind the COCO numbers, in pycocotools' layout, and how to read them. */
import { AREA_RANGES, IOU_THRESHOLDS, MAX_DETECTIONS, RECALL_THRESHOLDS } from './protocol.ts'

const T = IOU_THRESHOLDS.length
const R = RECALL_THRESHOLDS.length
const A = AREA_RANGES.length
const M = MAX_DETECTIONS.length

/** Values are −1 for a category without objects in the size class. */
export interface PrecisionRecall {
  /** [T, R, K, A, M] best precision at this recall or a higher one; 0 where the recall is not reached. */
  readonly precision: Float64Array
  /** [T, R, K, A, M] score of the detection at which the recall is reached; 0 where it is not. */
  readonly scores: Float64Array
  /** [T, K, A, M] recall with all detections. */
  readonly recall: Float64Array
  /** K. */
  readonly categories: number
}

/** One setting: indices of the IoU threshold, the category (ascending ids), the size class and the detection limit. */
export interface Setting {
  readonly t: number
  readonly k: number
  readonly a: number
  readonly m: number
}

export function emptyPrecisionRecall(categories: number): PrecisionRecall {
  return {
    precision: new Float64Array(T * R * categories * A * M).fill(-1),
    scores: new Float64Array(T * R * categories * A * M).fill(-1),
    recall: new Float64Array(T * categories * A * M).fill(-1),
    categories,
  }
}

/** Position of a setting in `recall`. */
export function recallAt({ categories }: PrecisionRecall, { t, k, a, m }: Setting): number {
  return ((t * categories + k) * A + a) * M + m
}

/** Position of a setting's recall threshold r in `precision` and `scores`. */
export function curveAt({ categories }: PrecisionRecall, { t, k, a, m }: Setting, r: number): number {
  return (((t * R + r) * categories + k) * A + a) * M + m
}

/** A setting's curve: precision and score at each of the 101 recall thresholds. */
export function curve(of: PrecisionRecall, setting: Setting): { precision: number[]; scores: number[] } {
  const positions = RECALL_THRESHOLDS.map((_, r) => curveAt(of, setting, r))
  return {
    precision: positions.map((position) => of.precision[position]!),
    scores: positions.map((position) => of.scores[position]!),
  }
}

/** Settings to average over; an index left out takes in all. */
export type Selection = Partial<Pick<Setting, 't' | 'k'>> & Pick<Setting, 'a' | 'm'>

/** Mean precision over thresholds, recalls and categories that have objects; −1 where none has. */
export function averagePrecision(of: PrecisionRecall, selection: Selection): number {
  const mean = new MeanOfKnown()
  for (const setting of settings(of, selection)) {
    for (let r = 0; r < R; r++) mean.add(of.precision[curveAt(of, setting, r)]!)
  }
  return mean.value
}

/** [R] mean precision at each recall, over thresholds and categories that have objects; null where none has. */
export function meanCurve(of: PrecisionRecall, selection: Selection): number[] | null {
  const means = RECALL_THRESHOLDS.map(() => new MeanOfKnown())
  for (const setting of settings(of, selection)) {
    for (let r = 0; r < R; r++) means[r]!.add(of.precision[curveAt(of, setting, r)]!)
  }
  return means[0]!.value === -1 ? null : means.map(({ value }) => value)
}

/** Mean recall over thresholds and categories that have objects; −1 where none has. */
export function averageRecall(of: PrecisionRecall, selection: Selection): number {
  const mean = new MeanOfKnown()
  for (const setting of settings(of, selection)) mean.add(of.recall[recallAt(of, setting)]!)
  return mean.value
}

function* settings({ categories }: PrecisionRecall, selection: Selection): Generator<Setting> {
  const { a, m } = selection
  const [tFirst, tEnd] = selection.t === undefined ? [0, T] : [selection.t, selection.t + 1]
  const [kFirst, kEnd] = selection.k === undefined ? [0, categories] : [selection.k, selection.k + 1]
  for (let t = tFirst; t < tEnd; t++) {
    for (let k = kFirst; k < kEnd; k++) yield { t, k, a, m }
  }
}

class MeanOfKnown {
  private sum = 0
  private count = 0

  add(value: number): void {
    if (value === -1) return
    this.sum += value
    this.count++
  }

  get value(): number {
    return this.count === 0 ? -1 : this.sum / this.count
  }
}
