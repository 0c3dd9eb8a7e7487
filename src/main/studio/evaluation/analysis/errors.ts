import type { ErrorReport } from '../../../../core/contract/studio/evaluation.ts'
import { errorGains } from '../../../../core/evaluation/analysis/error-gains.ts'
import { ERROR_TYPES } from '../../../../core/evaluation/analysis/error-types.ts'
import { NOTHING } from '../../../../core/evaluation/group-matcher.ts'
import type { Analysis } from '../loaded-evaluation.ts'

/** The number of errors of each type, and the average precision that they cost. */
export function errorReport({ tables, findings, errors }: Analysis): ErrorReport {
  const gains = errorGains(tables, findings, errors)
  const counts = new Uint32Array(ERROR_TYPES.length)
  for (const type of errors.type) if (type !== NOTHING) counts[type]!++
  for (let g = 0; g < tables.groundTruth.rows; g++) {
    const isMissed =
      findings.wanted[g] === 1 && findings.detection[g] === NOTHING && errors.nearest[g] === NOTHING
    if (isMissed) counts[ERROR_TYPES.indexOf('missed')]!++
  }
  const { ap, all, falsePositives, falseNegatives, byType } = gains
  return {
    ...{ ap, all, falsePositives, falseNegatives },
    types: ERROR_TYPES.map((type, i) => ({ type, count: counts[i]!, gain: byType[type] })),
  }
}
