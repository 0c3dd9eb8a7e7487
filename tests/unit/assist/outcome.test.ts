import { describe, expect, it } from 'vitest'
import { effortOf, outcomeOf, unassisted, workOf } from '../../../src/core/assist/outcome.ts'
import { chooseThresholds, type Judged, NEVER } from '../../../src/core/assist/thresholds.ts'
import type { BoxXyxy } from '../../../src/core/geometry/box.ts'

const at = (x: number, classId = 1): { classId: number; box: BoxXyxy } => ({
  classId,
  box: [x, 0, x + 100, 100],
})

describe('what becomes of proposals', () => {
  it('is told by the overlap with a label of the same class, each label chosen once', () => {
    const labels = [at(0), at(200), at(400, 2), at(600)]
    // IoU of boxes shifted by d: (100 − d) / (100 + d). 10 → .82, 25 → .6, 40 → .43.
    const proposals = [at(10), at(5), at(225), at(440, 2), at(400), at(700)]
    const outcome = outcomeOf(proposals, labels)
    expect(outcome.verdicts).toEqual(['taken', 'wrong', 'moved', 'wrong', 'wrong', 'wrong'])
    expect(outcome.drawn).toEqual([2, 3])
  })

  it('does not depend on proposals with lower scores', () => {
    const labels = [at(0), at(30), at(60)]
    const proposals = [at(20), at(0), at(70), at(35)]
    const all = outcomeOf(proposals, labels).verdicts
    for (let n = 0; n < 4; n++)
      expect(outcomeOf(proposals.slice(0, n), labels).verdicts).toEqual(all.slice(0, n))
  })

  it('costs what the acts cost, worked by hand', () => {
    const labels = [at(0), at(200), at(400, 2), at(600)]
    // Look 2.0, four boxes 12.0, one change of class 1.0; 4 + 1 + finish gestures.
    expect(unassisted(labels)).toEqual({ seconds: 15, gestures: 6 })
    const outcome = outcomeOf([at(10), at(225), at(800)], labels)
    // 2.0 + 3 × 0.4 + adjust 2.5 + reject 1.0 + two drawn 6.0 and a change of class 1.0 + accept 0.7.
    const { seconds, gestures } = effortOf(workOf(outcome, labels))
    expect(seconds).toBeCloseTo(14.4)
    expect(gestures).toBe(1 + 1 + 2 + 1 + 1 + 1)
    // An empty image costs a look, and finishing it.
    expect(effortOf(workOf(outcomeOf([], []), []))).toEqual({ seconds: 2, gestures: 1 })
  })
})

describe('thresholds', () => {
  const judged = (score: number, verdict: Judged['verdict'], classId = 1): Judged => ({
    classId,
    score,
    verdict,
  })

  it('before anything is known lie where a proposal is as likely to save as to cost', () => {
    const [threshold] = [...chooseThresholds([], [1]).values()]
    expect(threshold).toBeGreaterThan(0.4)
    expect(threshold).toBeLessThan(0.5)
  })

  it('part right from wrong by what was seen, class by class', () => {
    const image = [
      ...[0.9, 0.8, 0.7, 0.35, 0.3].map((score) => judged(score, 'taken')),
      ...[0.25, 0.2, 0.2, 0.15].map((score) => judged(score, 'wrong')),
      ...[0.9, 0.85, 0.8, 0.75, 0.7, 0.65].map((score) => judged(score, 'wrong', 2)),
      ...[0.95, 0.96].map((score) => judged(score, 'taken', 2)),
    ]
    const found = chooseThresholds([image, image], [1, 2])
    expect(found.get(1)).toBeGreaterThan(0.2)
    expect(found.get(1)).toBeLessThan(0.35)
    expect(found.get(2)).toBeGreaterThan(0.85)
    expect(found.get(2)).toBeLessThan(0.96)
  })

  it('show nothing of a class whose every proposal was wrong', () => {
    const image = [0.99, 0.9, 0.8, 0.7, 0.6, 0.5].flatMap((score) => [
      judged(score, 'wrong'),
      judged(score, 'wrong'),
    ])
    expect(chooseThresholds([image, image], [1]).get(1)).toBe(NEVER)
  })

  it('forget what an earlier model did', () => {
    const early = Array.from({ length: 6 }, () => [0.9, 0.8, 0.7].map((score) => judged(score, 'wrong')))
    const late = Array.from({ length: 24 }, () => [0.9, 0.8, 0.7, 0.6].map((score) => judged(score, 'taken')))
    expect(chooseThresholds([...early, ...late], [1]).get(1)).toBeLessThan(0.7)
  })
})
