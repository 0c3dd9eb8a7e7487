/** An evaluation in memory. What is computed from its labels and detections is computed when it is first asked for. */

import type { Ranking } from '../../../core/contract/studio/evaluation.ts'
import { CodedError } from '../../../core/errors.ts'
import { classifyErrors, type DetectionErrors } from '../../../core/evaluation/analysis/error-types.ts'
import { type Findings, find } from '../../../core/evaluation/analysis/findings.ts'
import { type RankedTables, rank } from '../../../core/evaluation/analysis/ranked-tables.ts'
import { type ThresholdCurve, thresholdCurves } from '../../../core/evaluation/analysis/threshold-curve.ts'
import { type Evaluation, evaluateTables } from '../../../core/evaluation/coco-metrics.ts'
import { IOU_50, IOU_THRESHOLDS } from '../../../core/evaluation/protocol.ts'
import { layOut } from '../../../core/evaluation/tables.ts'
import type { FrozenDetection, FrozenTruth } from './frozen.ts'

export class LoadedEvaluation {
  readonly truth: FrozenTruth
  readonly #detections: ReadonlyMap<Ranking, readonly FrozenDetection[]>
  readonly #analyses = new Map<Ranking, Analysis>()

  constructor(truth: FrozenTruth, detections: ReadonlyMap<Ranking, readonly FrozenDetection[]>) {
    this.truth = truth
    this.#detections = detections
  }

  /** Throws USAGE_RANKING where centerness is not known. */
  of(ranking: Ranking): Analysis {
    const known = this.#analyses.get(ranking)
    if (known) return known
    const detections = this.#detections.get(ranking)
    if (detections === undefined) {
      throw new CodedError('USAGE_RANKING', 'These detections have no centerness')
    }
    const analysis = new Analysis(this.truth, detections)
    this.#analyses.set(ranking, analysis)
    return analysis
  }
}

/** The detections of one ranking held against the labels. */
export class Analysis {
  readonly truth: FrozenTruth
  readonly detections: readonly FrozenDetection[]
  readonly tables: RankedTables
  #metrics: Evaluation | undefined
  #findings: Findings | undefined
  #errors: DetectionErrors | undefined
  #thresholdCurves: ThresholdCurve[] | undefined

  /** Throws DATA_BAD_DETECTION. */
  constructor(truth: FrozenTruth, detections: readonly FrozenDetection[]) {
    this.truth = truth
    this.detections = detections
    this.tables = rank(layOut(truth, detections))
  }

  get metrics(): Evaluation {
    this.#metrics ??= evaluateTables(this.truth, this.tables)
    return this.#metrics
  }

  /** At IoU 0.5, over all sizes. */
  get findings(): Findings {
    this.#findings ??= find(this.tables, IOU_THRESHOLDS[IOU_50]!)
    return this.#findings
  }

  get errors(): DetectionErrors {
    this.#errors ??= classifyErrors(this.tables, this.findings)
    return this.#errors
  }

  /** One per class, by ascending id. */
  get thresholdCurves(): readonly ThresholdCurve[] {
    this.#thresholdCurves ??= thresholdCurves(this.tables, this.findings)
    return this.#thresholdCurves
  }
}
