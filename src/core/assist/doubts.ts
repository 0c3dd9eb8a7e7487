/**
 * Labels that a model contradicts with confidence, before it learns from them. How far a claim is to be believed is told by
 * what became of its earlier claims of the same class with such scores.
 */

import type { BoxXyxy } from '../geometry/box.ts'
import { iou } from '../geometry/box.ts'
import type { ClassBox } from '../review/undecided.ts'
import { ABOUT, type Proposed, type Verdict } from './outcome.ts'

export interface JudgedDetection extends Proposed {
  readonly verdict: Verdict
}

/** A detection of an earlier image and whether it was right; a label of one, with whether anything was detected there. */
export type Claim =
  | { readonly kind: 'detection'; readonly classId: number; readonly score: number; readonly right: boolean }
  | { readonly kind: 'label'; readonly classId: number; readonly right: boolean }

export function claimsOf(detections: readonly JudgedDetection[], labels: readonly number[]): Claim[] {
  const found = new Map<number, number>()
  for (const { classId, verdict } of detections) {
    if (verdict !== 'wrong') found.set(classId, (found.get(classId) ?? 0) + 1)
  }
  const labelled = [...Map.groupBy(labels, (classId) => classId)].flatMap(([classId, all]) =>
    all.map((_, i): Claim => ({ kind: 'label', classId, right: i < (found.get(classId) ?? 0) })),
  )
  return [
    ...detections.map(({ classId, score, verdict }): Claim => {
      return { kind: 'detection', classId, score, right: verdict !== 'wrong' }
    }),
    ...labelled,
  ]
}

export interface Contradiction<Label extends ClassBox> {
  /** The label in question; null: one may be missing. */
  readonly label: Label | null
  /** null: nothing was expected where the label is. */
  readonly expected: Proposed | null
  readonly box: BoxXyxy
  /** Share of such claims that were right. */
  readonly confidence: number
}

/** Least confidence of a contradiction that is worth a second look. */
const CONFIDENT = 0.8
/** Claims without which there is no telling. */
const FEWEST = 10
/** Nothing was detected about a label if no detection of any class overlaps it by this IoU. */
const NEAR = 0.3

export function contradictions<Label extends ClassBox>(
  detections: readonly JudgedDetection[],
  labels: readonly Label[],
  claims: readonly Claim[],
): Contradiction<Label>[] {
  const found: Contradiction<Label>[] = []
  const questioned = new Set<Label>()
  for (const { verdict, ...expected } of detections) {
    if (verdict !== 'wrong') continue
    const confidence = beliefIn(expected, claims)
    if (confidence < CONFIDENT) continue
    const { classId, box, score } = expected
    // A second detection of an object that is labelled says nothing new.
    if (labels.some((label) => label.classId === classId && iou(label.box, box) >= NEAR)) continue
    const there = labels
      .filter((label) => iou(label.box, box) >= ABOUT && !questioned.has(label))
      .toSorted((a, b) => iou(b.box, box) - iou(a.box, box))[0]
    if (there) {
      // The model may hold the label's own class for as likely.
      const agrees = detections.some(
        (one) =>
          one.classId === there.classId &&
          one.verdict !== 'wrong' &&
          one.score >= score &&
          iou(one.box, there.box) >= ABOUT,
      )
      if (agrees) continue
      questioned.add(there)
    } else {
      if (labels.some((label) => iou(label.box, box) >= NEAR)) continue
      // One place is one question, whichever classes the model holds for possible.
      if (found.some((other) => other.label === null && iou(other.box, box) >= NEAR)) continue
    }
    found.push({ label: there ?? null, expected, box, confidence })
  }
  for (const label of labels) {
    if (detections.some(({ box }) => iou(box, label.box) >= NEAR)) continue
    const confidence = share(claims.filter((one) => one.kind === 'label' && one.classId === label.classId))
    if (confidence >= CONFIDENT) found.push({ label, expected: null, box: label.box, confidence })
  }
  return found.toSorted((a, b) => b.confidence - a.confidence)
}

/**
 * The share of earlier detections of the class that were right, among those with at least this score. Where those are too few, the
 * highest scores count instead: a model that learns gives ever higher scores, and the highest yet deserves no less trust.
 */
function beliefIn({ classId, score }: Proposed, claims: readonly Claim[]): number {
  const ranked = claims
    .filter((one) => one.kind === 'detection')
    .filter((one) => one.classId === classId)
    .toSorted((a, b) => b.score - a.score)
  const surer = ranked.filter((one) => one.score >= score).length
  return share(ranked.slice(0, Math.max(FEWEST, surer)))
}

/** Laplace's rule of succession; 0 where too few are known. */
function share(claims: readonly Claim[]): number {
  if (claims.length < FEWEST) return 0
  return (claims.filter(({ right }) => right).length + 1) / (claims.length + 2)
}
