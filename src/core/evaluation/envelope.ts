/** Precision of a ranking as the COCO metrics define it. */
import { RECALL_THRESHOLDS } from './protocol.ts'

/** Precision after `right` right and `wrong` wrong detections. */
export function precisionAfter(right: number, wrong: number): number {
  // pycocotools adds the machine epsilon, which keeps a lone first hit at 0.9999999999999998.
  return right / (wrong + right + Number.EPSILON)
}

/** Turns the precision at `found` finds from `first` on into the best one at each find's recall or a higher recall. */
export function raiseToEnvelope(precisionAtFind: Float64Array, first: number, found: number): void {
  for (let i = first + found - 1; i > first; i--) {
    if (precisionAtFind[i]! > precisionAtFind[i - 1]!) precisionAtFind[i - 1] = precisionAtFind[i]!
  }
}

/**
 * Average precision of one ranking: mean of the envelope at the 101 recalls.
 *
 * @param right by rank from the best score: 1 where the detection is right, 0 where it is wrong
 * @param positives objects to be found, at least as many as are right; of none the average is 0
 */
export function averagePrecisionOfRanking(right: Uint8Array, positives: number): number {
  const precisionAtFind = new Float64Array(positives)
  let found = 0
  for (let i = 0; i < right.length; i++) {
    if (right[i] === 0) continue
    found++
    precisionAtFind[found - 1] = precisionAfter(found, i + 1 - found)
  }
  raiseToEnvelope(precisionAtFind, 0, found)
  let sum = 0
  let find = 0
  for (const recall of RECALL_THRESHOLDS) {
    while (find < found && (find + 1) / positives < recall) find++
    if (find < found) sum += precisionAtFind[find]!
  }
  return sum / RECALL_THRESHOLDS.length
}
