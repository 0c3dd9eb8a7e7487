/** Computes the waterfall of oracles of an evaluated model. */
import { setImmediate } from 'node:timers/promises'
import type { OracleResult } from '../../../core/contract/studio/evaluation.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import {
  CANDIDATES_PER_LEVEL,
  EVALUATION_SCORE,
  MOST_DETECTIONS,
} from '../../../core/detectors/shared/select.ts'
import { oracleSteps } from '../../../core/evaluation/oracle/steps.ts'
import {
  type OracleBar,
  type OracleOptions,
  oracleWaterfall,
} from '../../../core/evaluation/oracle/waterfall.ts'
import type { JobContext } from '../jobs.ts'
import type { FrozenTruth } from './frozen.ts'
import { type CachedModel, candidateImages } from './model-detections.ts'

/** Number of images that are listed behind a bar. */
const MOST_GAINS = 100

/** Throws the signal's reason. */
export async function oracleOf(
  truth: FrozenTruth,
  model: CachedModel,
  { signal, report }: JobContext,
): Promise<OracleResult> {
  report(0, 'Reading candidates')
  const read = await candidateImages(model, truth.categories)
  if (read === null) return []
  const options: OracleOptions = {
    config: read.config,
    categoryIds: read.categoryIds,
    scoreThreshold: EVALUATION_SCORE,
    nmsThreshold: detectorOf(read.config).nms,
    candidatesPerLevel: CANDIDATES_PER_LEVEL,
    maxDetections: MOST_DETECTIONS,
  }
  const steps = oracleSteps(detectorOf(read.config)).length
  const ids = truth.images.map(({ id }) => id).sort((a, b) => a - b)
  const result: OracleResult = []
  let before: OracleBar | undefined
  for (const bar of oracleWaterfall(truth, read.images, options)) {
    const { step, ap, ap50, ap75 } = bar
    result.push({ step, ap, ap50, ap75, gains: gainsOf(bar, before, ids) })
    before = bar
    report(result.length / steps, `${result.length} of ${steps} steps`)
    await setImmediate()
    signal.throwIfAborted()
  }
  return result
}

function gainsOf(bar: OracleBar, before: OracleBar | undefined, ids: readonly number[]): number[] {
  if (before === undefined) return []
  const gain = (i: number): number => bar.ap50ByImage[i]! - before.ap50ByImage[i]!
  const gaining = [...ids.keys()].filter((i) => gain(i) > 0)
  return gaining
    .toSorted((a, b) => gain(b) - gain(a))
    .slice(0, MOST_GAINS)
    .map((i) => ids[i]!)
}
