import { averagePrecisionOfRanking } from '../envelope.ts'
import { NOTHING } from '../group-matcher.ts'
import { type Findings, VERDICT } from './findings.ts'
import type { RankedTables } from './ranked-tables.ts'

/**
 * Average precision of every image taken alone, all its categories in one ranking, at the findings' IoU threshold: which
 * images a total comes from. By ascending image id; of an image without objects 1 if nothing wrong is detected, else 0.
 */
export function apByImage(tables: RankedTables, findings: Findings): Float64Array {
  return Float64Array.from(tables.images, ({ objects, detections }) => {
    const counted = detections.filter((d) => findings.verdict[d] !== VERDICT.ignored)
    const right = Uint8Array.from(counted, (d) => (findings.object[d] === NOTHING ? 0 : 1))
    const positives = objects.filter((g) => findings.wanted[g] === 1).length
    if (positives === 0) return right.length === 0 ? 1 : 0
    return averagePrecisionOfRanking(right, positives)
  })
}
