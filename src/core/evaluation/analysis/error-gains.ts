/** What average precision each type of error costs, after TIDE (arXiv 2008.08115, section 2.3). */
import { averagePrecisionOfRanking } from '../envelope.ts'
import { NOTHING } from '../group-matcher.ts'
import { type DetectionErrors, ERROR_TYPES, type ErrorType } from './error-types.ts'
import { type Findings, VERDICT } from './findings.ts'
import type { RankedTables } from './ranked-tables.ts'

export interface ErrorGains {
  /** Mean AP at the findings' IoU threshold over the categories with objects; −1 where none has any. */
  readonly ap: number
  /** AP that repairing all errors of one type, and no others, adds; at least 0. */
  readonly byType: Readonly<Record<ErrorType, number>>
  /** AP that repairing every type at once adds. */
  readonly all: number
  /** AP added if every wrong detection scored below every right one. */
  readonly falsePositives: number
  /** AP added if the objects that no detection finds did not exist. */
  readonly falseNegatives: number
}

/**
 * A classification or localisation error is repaired by making it right for its object, if it is the best one for an
 * object that nothing finds, otherwise by dropping it. Other wrong detections are dropped. A missed object is taken out
 * of those to be found. A category left without objects counts as 0 while it has detections, and not at all without.
 *
 * As tidecv, but for categories without any objects, which tidecv counts as AP 0 and COCO leaves out.
 *
 * @param findings over all sizes, as the errors were classified from
 */
export function errorGains(tables: RankedTables, findings: Findings, errors: DetectionErrors): ErrorGains {
  const ap = (repair: Repair) => meanAp(tables, findings, errors, repair)
  const asIs = ap({ types: new Set() })
  const gain = (repair: Repair) => Math.max(0, ap(repair) - asIs)
  const repaired = (type: ErrorType) => gain({ types: new Set([type]) })
  return {
    ap: asIs,
    byType: {
      classification: repaired('classification'),
      localisation: repaired('localisation'),
      both: repaired('both'),
      duplicate: repaired('duplicate'),
      background: repaired('background'),
      missed: repaired('missed'),
    },
    all: gain({ types: new Set(ERROR_TYPES) }),
    falsePositives: gain({ types: new Set(), rightFirst: true }),
    falseNegatives: gain({ types: new Set(), wantOnlyFound: true }),
  }
}

interface Repair {
  readonly types: ReadonlySet<ErrorType>
  readonly rightFirst?: boolean
  readonly wantOnlyFound?: boolean
}

function meanAp(tables: RankedTables, findings: Findings, errors: DetectionErrors, repair: Repair): number {
  const positives = positivesAfter(tables, findings, errors, repair)
  const rankings = rankingsAfter(tables, findings, errors, repair)
  let sum = 0
  let count = 0
  for (const [k, ranking] of rankings.entries()) {
    if (findings.positives[k] === 0 || (positives[k] === 0 && ranking.length === 0)) continue
    const right = Uint8Array.from(ranking)
    if (repair.rightFirst) right.sort().reverse()
    sum += averagePrecisionOfRanking(right, positives[k]!)
    count++
  }
  return count === 0 ? -1 : sum / count
}

/** [K] number of objects to be found. */
function positivesAfter(
  { groundTruth }: RankedTables,
  findings: Findings,
  { nearest }: DetectionErrors,
  { types, wantOnlyFound }: Repair,
): Uint32Array {
  const positives = findings.positives.slice()
  for (let g = 0; g < groundTruth.rows; g++) {
    if (findings.wanted[g] === 0 || findings.detection[g] !== NOTHING) continue
    if (wantOnlyFound || (types.has('missed') && nearest[g] === NOTHING))
      positives[groundTruth.category[g]!]!--
  }
  return positives
}

/** By category, the detections from the best score: 1 right, 0 wrong. */
function rankingsAfter(
  { groundTruth, detections, categoryIds, ranked }: RankedTables,
  findings: Findings,
  errors: DetectionErrors,
  { types }: Repair,
): number[][] {
  const rankings: number[][] = categoryIds.map(() => [])
  const isRepaired = ERROR_TYPES.map((type) => types.has(type))
  for (const d of ranked) {
    if (findings.verdict[d] === VERDICT.ignored) continue
    const type = errors.type[d]!
    const object = errors.object[d]!
    if (type === NOTHING || !isRepaired[type]) {
      rankings[detections.category[d]!]!.push(findings.verdict[d]!)
    } else if (object !== NOTHING && errors.nearest[object] === d) {
      rankings[groundTruth.category[object]!]!.push(1)
    }
  }
  return rankings
}
