/** Lists wrong detections and objects that are not found, each with its counterpart. */
import { NOTHING } from '../group-matcher.ts'
import { iouOf } from '../ious.ts'
import { type DetectionErrors, ERROR_TYPES, type ErrorType } from './error-types.ts'
import { type Evidence, evidence } from './evidence.ts'
import type { Findings } from './findings.ts'
import type { RankedTables } from './ranked-tables.ts'

/** `object`, `iou`: what it nearly found or found again; of background the IoU is the best with any object. */
export interface FalsePositive extends Evidence {
  readonly type: Exclude<ErrorType, 'missed'>
  /** As predicted. */
  readonly categoryId: number
}

/** `detection`, `iou`, `score`: what found it below the score threshold, or came nearest; null for a missed one. */
export interface FalseNegative extends Evidence {
  readonly type: 'low score' | 'classification' | 'localisation' | 'missed'
  readonly categoryId: number
}

/**
 * Wrong detections of at least the given score, the best score first. Matching goes from the best score down, so
 * that the types are the same whatever the least score.
 */
export function falsePositives(
  tables: RankedTables,
  errors: DetectionErrors,
  score: number,
): FalsePositive[] {
  const { detections, categoryIds } = tables
  const list: FalsePositive[] = []
  for (const d of tables.ranked) {
    if (detections.scores[d]! < score) break
    if (errors.type[d] === NOTHING) continue
    list.push({
      ...evidence(tables, errors.object[d]!, d, errors.iou[d]!),
      type: ERROR_TYPES[errors.type[d]!] as FalsePositive['type'],
      categoryId: categoryIds[detections.category[d]!]!,
    })
  }
  return list
}

/** Objects that no detection of at least the given score finds, by category, then image. */
export function falseNegatives(
  tables: RankedTables,
  findings: Findings,
  errors: DetectionErrors,
  score: number,
): FalseNegative[] {
  const { groundTruth, detections, categoryIds } = tables
  const list: FalseNegative[] = []
  for (let g = 0; g < groundTruth.rows; g++) {
    if (findings.wanted[g] === 0) continue
    const finder = findings.detection[g]!
    if (finder !== NOTHING && detections.scores[finder]! >= score) continue
    const d = finder === NOTHING ? errors.nearest[g]! : finder
    const iou = d === NOTHING ? 0 : iouOf(groundTruth, g, detections, d)
    list.push({
      ...evidence(tables, g, d, iou),
      type: finder === NOTHING ? reasonOf(errors, d) : 'low score',
      categoryId: categoryIds[groundTruth.category[g]!]!,
    })
  }
  return list
}

function reasonOf(errors: DetectionErrors, d: number): FalseNegative['type'] {
  return d === NOTHING ? 'missed' : (ERROR_TYPES[errors.type[d]!] as 'classification' | 'localisation')
}
