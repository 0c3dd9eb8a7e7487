import { describe, expect, it } from 'vitest'
import {
  type Claim,
  claimsOf,
  contradictions,
  type JudgedDetection,
} from '../../../src/core/assist/doubts.ts'
import { outcomeOf, type Proposed } from '../../../src/core/assist/outcome.ts'
import type { BoxXyxy } from '../../../src/core/geometry/box.ts'
import { mulberry32 } from '../../../src/core/random.ts'

const [DIE, MARBLE] = [1, 2]
const boxAt = (x: number): BoxXyxy => [x, 0, x + 100, 100]
const label = (x: number, classId = DIE) => ({ classId, box: boxAt(x) })
const seen = (x: number, classId = DIE, score = 0.94): Proposed => ({ classId, box: boxAt(x), score })

function judged(detections: readonly Proposed[], labels: readonly ReturnType<typeof label>[]) {
  const { verdicts } = outcomeOf(detections, labels)
  return detections.map((one, i): JudgedDetection => ({ ...one, verdict: verdicts[i]! }))
}

/** So many earlier images with a die that was found with a score, and so many where the same claim was wrong. */
function past(right: number, wrong: number, score = 0.95, classId = DIE): Claim[] {
  const image = (x: number) => claimsOf(judged([seen(0, classId, score)], [label(x, classId)]), [classId])
  return [
    ...Array.from({ length: right }, () => image(0)).flat(),
    ...Array.from({ length: wrong }, () => image(500)).flat(),
  ]
}
const TRUSTED = past(30, 0)
const doubtsOf = (
  detections: readonly Proposed[],
  labels: readonly ReturnType<typeof label>[],
  claims: readonly Claim[] = TRUSTED,
) => contradictions(judged(detections, labels), labels, claims)

describe('labels that are contradicted', () => {
  it('are those of another class, those that are missing, and those where nothing was expected', () => {
    const labels = [label(0, MARBLE), label(600)]
    // IoU of the first with its label: 90 / 110 = .82. Of 30 earlier claims 30 were right: 31 / 32.
    expect(doubtsOf([seen(10), seen(300)], labels)).toEqual([
      { label: labels[0], expected: seen(10), box: boxAt(10), confidence: 31 / 32 },
      { label: null, expected: seen(300), box: boxAt(300), confidence: 31 / 32 },
      { label: labels[1], expected: null, box: boxAt(600), confidence: 31 / 32 },
    ])
  })

  it('are also those of a model that has become surer than it ever was', () => {
    // The ten highest earlier claims are believed: 11 / 12. Two wrong ones of a lower score say nothing against it.
    const claims = [...past(10, 0, 0.7), ...past(0, 2, 0.4)]
    expect(doubtsOf([seen(10)], [label(0, MARBLE)], claims)).toMatchObject([{ confidence: 11 / 12 }])
    // Nine are too few.
    expect(doubtsOf([seen(10)], [label(0, MARBLE)], past(9, 0, 0.7))).toEqual([])
  })

  it('are none where model and labels agree, however loosely', () => {
    expect(doubtsOf([seen(0), seen(300)], [label(0), label(340)])).toEqual([])
    // A second detection of an object that is labelled: IoU 60 / 140.
    expect(doubtsOf([seen(0), seen(40, DIE, 0.93)], [label(0)])).toEqual([])
    // Beside a label of another class, too near to be an object of its own: IoU 50 / 150.
    expect(doubtsOf([seen(0, MARBLE), seen(50)], [label(0, MARBLE)])).toEqual([])
  })

  it('are none where the model thinks the label’s own class as likely', () => {
    const labels = [label(0, MARBLE)]
    expect(doubtsOf([seen(0, MARBLE, 0.95), seen(5, DIE, 0.94)], labels)).toEqual([])
    const [doubt, ...others] = doubtsOf([seen(5, DIE, 0.94), seen(0, MARBLE, 0.4)], labels)
    expect(doubt).toMatchObject({ label: labels[0], expected: { classId: DIE } })
    expect(others).toEqual([])
  })

  it('need earlier claims of that class and score that held', () => {
    const labels = [label(0, MARBLE)]
    expect(doubtsOf([seen(0)], labels, past(9, 0))).toEqual([])
    expect(doubtsOf([seen(0)], labels, past(10, 0))).toHaveLength(1)
    // 10 of 14: 11 / 16 is less than .8.
    expect(doubtsOf([seen(0)], labels, past(10, 4))).toEqual([])
    // Claims of another class say nothing of it.
    expect(doubtsOf([seen(0)], labels, past(30, 0, 0.95, MARBLE))).toEqual([])
  })

  it('question a label once', () => {
    const labels = [label(0, MARBLE)]
    const doubts = doubtsOf([seen(0), seen(8, 3, 0.95)], labels, [...TRUSTED, ...past(30, 0, 0.95, 3)])
    expect(doubts.filter((doubt) => doubt.label === labels[0])).toHaveLength(1)
  })

  it('question a place once, whichever classes are expected there', () => {
    const claims = [...TRUSTED, ...past(30, 0, 0.95, MARBLE)]
    const doubts = doubtsOf([seen(300), seen(310, MARBLE, 0.93), seen(600, MARBLE, 0.93)], [], claims)
    expect(doubts.map(({ box }) => box)).toEqual([boxAt(300), boxAt(600)])
  })

  it('find most mistakes of a labeller beside a model that is nearly always right, and little else', () => {
    const random = mulberry32(7)
    const claims: Claim[] = []
    let [listed, right, mistakes] = [0, 0, 0]
    for (let image = 0; image < 200; image++) {
      const truth = [0, 300, 600, 900].map((x) => label(x, random() < 0.5 ? DIE : MARBLE))
      const wrong = truth.map(() => random() < 0.05)
      const labels = truth.map((one, i) => (wrong[i] ? { ...one, classId: 3 - one.classId } : one))
      // One detection in fifty is of the other class, with a lower score.
      const detections = truth.map(({ classId, box }): Proposed => {
        const errs = random() < 0.02
        return { classId: errs ? 3 - classId : classId, box, score: errs ? 0.4 : 0.6 + 0.4 * random() }
      })
      const now = judged(
        detections.toSorted((a, b) => b.score - a.score),
        labels,
      )
      if (image >= 20) {
        const doubts = contradictions(now, labels, claims)
        listed += doubts.length
        mistakes += wrong.filter(Boolean).length
        right += doubts.filter((doubt) => doubt.label && wrong[labels.indexOf(doubt.label)]).length
      }
      claims.push(
        ...claimsOf(
          now,
          labels.map(({ classId }) => classId),
        ),
      )
    }
    expect(right / listed).toBeGreaterThan(0.7)
    expect(right / mistakes).toBeGreaterThan(0.8)
  })
})
