/**
 * Replaces parts of the head's outputs by perfect ones: the same candidates with rank, class or box taken from the
 * ground truth.
 */
import { BACKGROUND } from '../../detectors/assigner.ts'
import type { Detector } from '../../detectors/detector.ts'
import type { Candidates } from '../../detectors/shared/candidates.ts'
import type { TrueObject } from '../ground-truth.ts'
import { type Answers, cornersOf } from './answers.ts'

/**
 * In the waterfall's order. Each step's score, for FCOS, whose quality ô is the centerness:
 * - classOnly: p̂, as if no quality were predicted: what it adds is the step from here;
 * - asIs: √(p̂·ô);
 * - centerness: √(p̂·q) with q the quality target where the location is assigned an object, elsewhere still ô;
 * - centernessElsewhereZero: the same with q = 0 elsewhere, which also tells the detector what is background;
 * - iou: q = the highest IoU of the box with an object of any class, as a perfect quality branch would predict;
 * - class: as iou, with the object's class, p̂ = 1, where one is assigned, and p̂ = 0 elsewhere;
 * - box: as class, with the object's box; what is still lost has no candidate.
 */
export const ORACLE_STEPS = [
  'classOnly',
  'asIs',
  'centerness',
  'centernessElsewhereZero',
  'iou',
  'class',
  'box',
] as const
export type OracleStep = (typeof ORACLE_STEPS)[number]

/** The steps that apply to a detector. One without a quality branch has no step for a perfect quality. */
export const oracleSteps = ({ quality }: Pick<Detector, 'quality'>): readonly OracleStep[] =>
  quality ? ORACLE_STEPS : ['asIs', 'class', 'box']

/** Candidates as a step has them, and their scores [M] for selectDetections. */
export interface RankedCandidates {
  readonly candidates: Candidates
  readonly scores: Float32Array
}

/**
 * @param objects the ones that `answers` index
 * @param labelOf class index of an object's category
 */
export function applyOracle(
  step: OracleStep,
  candidates: Candidates,
  answers: Answers,
  objects: readonly TrueObject[],
  labelOf: (categoryId: number) => number,
  { quality, score }: Pick<Detector, 'quality' | 'score'>,
): RankedCandidates {
  const { classScores } = candidates
  const predicted = quality ? candidates.parts[quality.name]! : classScores.map(() => 1)
  const { object, iou } = answers
  const isAssigned = (i: number) => object[i] !== BACKGROUND
  const rankedBy = (q: Float32Array) => ({ candidates, scores: classScores.map((p, i) => score(p, q[i]!)) })
  switch (step) {
    case 'classOnly':
      return { candidates, scores: classScores }
    case 'asIs':
      return rankedBy(predicted)
    case 'centerness':
      return rankedBy(predicted.map((q, i) => (isAssigned(i) ? answers.quality[i]! : q)))
    case 'centernessElsewhereZero':
      return rankedBy(answers.quality)
    case 'iou':
      return rankedBy(iou)
    case 'class':
    case 'box': {
      const labels = candidates.labels.map((label, i) =>
        isAssigned(i) ? labelOf(objects[object[i]!]!.categoryId) : label,
      )
      const perfect = classScores.map((_, i) => (isAssigned(i) ? 1 : 0))
      if (step === 'class') {
        return {
          candidates: { ...candidates, labels },
          scores: perfect.map((p, i) => score(p, quality ? iou[i]! : 1)),
        }
      }
      const corners = cornersOf(objects)
      const boxes = candidates.boxes.map((side, i) => {
        const g = object[i >> 2]!
        return g === BACKGROUND ? side : corners[g * 4 + (i & 3)]!
      })
      return { candidates: { ...candidates, labels, boxes }, scores: perfect }
    }
  }
}
