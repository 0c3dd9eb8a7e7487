/**
 * What becomes of proposals: each is compared with the labels that a person has finished the image with, and costs or saves
 * that person work.
 */
import { area, type BoxXyxy, iou } from '../geometry/box.ts'
import type { ClassBox } from '../review/undecided.ts'

export interface Proposed extends ClassBox {
  readonly score: number
}

/** taken: it stays as it is. moved: it is about an object, and adjusted. wrong: it is about none, or of another class. */
export type Verdict = 'taken' | 'moved' | 'wrong'

export interface Outcome {
  /** One per proposal, in the order given. */
  readonly verdicts: readonly Verdict[]
  /** Indices of the labels that no proposal is about: they had to be drawn. */
  readonly drawn: readonly number[]
}

/** IoU with a label of the same class from which a proposal is about it, and from which it stays as it is. */
export const ABOUT = 0.5
export const STAYS = 0.75
/** From which IoU on a label lies where something was proposed or questioned: boxes are stored exactly. */
export const SAME_BOX = 0.98

/** Whether it is one of the many objects in a crowd region of its class, which nobody draws one by one. */
export const liesInCrowd = ({ classId, box }: ClassBox, crowds: readonly ClassBox[]): boolean =>
  crowds.some((crowd) => crowd.classId === classId && shareWithin(box, crowd.box) >= ABOUT)

function shareWithin(box: BoxXyxy, region: BoxXyxy): number {
  const width = Math.min(box[2], region[2]) - Math.max(box[0], region[0])
  const height = Math.min(box[3], region[3]) - Math.max(box[1], region[1])
  return (Math.max(0, width) * Math.max(0, height)) / area(box)
}

/**
 * The best-scored proposal chooses first, the label of its class that it overlaps most; each label is chosen once. The
 * verdicts on proposals above a score are therefore the same whatever lies below it.
 *
 * @param proposals in descending order of score
 * @param stays least IoU of one that is taken
 */
export function outcomeOf(
  proposals: readonly ClassBox[],
  labels: readonly ClassBox[],
  stays: number = STAYS,
): Outcome {
  const left = new Set(labels.keys())
  const verdicts = proposals.map(({ classId, box }): Verdict => {
    let [best, highest] = [-1, ABOUT]
    for (const i of left) {
      const label = labels[i]!
      if (label.classId !== classId) continue
      const overlap = iou(label.box, box)
      if (overlap >= highest) [best, highest] = [i, overlap]
    }
    if (best < 0) return 'wrong'
    left.delete(best)
    return highest >= stays ? 'taken' : 'moved'
  })
  return { verdicts, drawn: [...left] }
}

/** What each act of labelling costs, as a simulated labeller spends it: gestures, and seconds of a practised person. */
export const LABOUR = {
  lookAtImage: { gestures: 0, seconds: 2 },
  lookAtProposal: { gestures: 0, seconds: 0.4 },
  draw: { gestures: 1, seconds: 3 },
  changeClass: { gestures: 1, seconds: 1 },
  adjust: { gestures: 1, seconds: 2.5 },
  reject: { gestures: 1, seconds: 1 },
  acceptAll: { gestures: 1, seconds: 0.7 },
  finish: { gestures: 1, seconds: 0 },
} as const

export interface Effort {
  readonly gestures: number
  readonly seconds: number
}

export interface ImageWork {
  /** How many proposals were looked at, and what became of them. */
  readonly taken: number
  readonly moved: number
  readonly wrong: number
  /** Class ids of the boxes that were drawn. */
  readonly drawn: readonly number[]
}

export function workOf(outcome: Outcome, labels: readonly ClassBox[]): ImageWork {
  const count = (verdict: Verdict): number => outcome.verdicts.filter((one) => one === verdict).length
  return {
    taken: count('taken'),
    moved: count('moved'),
    wrong: count('wrong'),
    drawn: outcome.drawn.map((i) => labels[i]!.classId),
  }
}

/** Boxes are drawn class by class, so that each class but the one at hand is chosen once. Accepting is one gesture for all. */
export function effortOf({ taken, moved, wrong, drawn }: ImageWork): Effort {
  const proposals = taken + moved + wrong
  const acts: [keyof typeof LABOUR, number][] = [
    ['lookAtImage', 1],
    ['lookAtProposal', proposals],
    ['draw', drawn.length],
    ['changeClass', Math.max(0, new Set(drawn).size - 1)],
    ['adjust', moved],
    ['reject', wrong],
    ['acceptAll', taken > 0 ? 1 : 0],
    ['finish', 1],
  ]
  const sum = (of: keyof Effort): number =>
    acts.reduce((total, [act, times]) => total + times * LABOUR[act][of], 0)
  return { gestures: sum('gestures'), seconds: sum('seconds') }
}

/** The same image without a proposal. */
export const unassisted = (labels: readonly Pick<ClassBox, 'classId'>[]): Effort =>
  effortOf({ taken: 0, moved: 0, wrong: 0, drawn: labels.map(({ classId }) => classId) })
