/**
 * What the learner's proposals came to: test, then train. When an image is finished, what the model detected before is
 * compared with the labels, and only then the image is learnt from. So no image is judged by a model that has seen it. The
 * judgements lie in the run's folder, a JSON line each.
 */
import { appendFileSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { type Claim, claimsOf, contradictions, type JudgedDetection } from '../../../core/assist/doubts.ts'
import {
  effortOf,
  liesInCrowd,
  outcomeOf,
  type Proposed,
  SAME_BOX,
  unassisted,
} from '../../../core/assist/outcome.ts'
import { chooseThresholds } from '../../../core/assist/thresholds.ts'
import type { AssistSummary } from '../../../core/contract/studio/assist.ts'
import { Box } from '../../../core/contract/studio/values.ts'
import { type BoxXyxy, iou } from '../../../core/geometry/box.ts'
import type { ProjectAnnotation } from '../../../core/project/model.ts'
import type { ClassBox } from '../../../core/review/undecided.ts'

const FILE = 'judgements.jsonl'
/** Images of the summary. */
const RECENT = 20
const CURVE = 50
/** Images whose claims tell how far the model is to be believed: what it said long ago it said as another. */
const CLAIMING = 100

const Numbers = z.array(z.int())

const Judgement = z.object({
  image: z.int(),
  /** Steps that the model had taken. */
  step: z.int(),
  /** Whether proposals were shown: not before the third image, and not where nobody asked for them. */
  shown: z.boolean(),
  /** All detections, best first. */
  detections: z.array(
    z.object({
      classId: z.int(),
      box: Box,
      score: z.number(),
      verdict: z.enum(['taken', 'moved', 'wrong']),
    }),
  ),
  /** What became of those that were shown, and class ids of what was drawn besides. */
  work: z.object({ taken: z.int(), moved: z.int(), wrong: z.int(), drawn: Numbers }),
  /** Class ids of all labels. */
  labels: Numbers,
  doubts: z.array(
    z.object({
      annotation: z.int().nullable(),
      labelled: z.int().nullable(),
      expected: z.object({ classId: z.int(), box: Box, score: z.number() }).nullable(),
      box: Box,
      confidence: z.number(),
    }),
  ),
})
export type Judgement = z.infer<typeof Judgement>

const Dismissal = z.object({ dismissed: z.int(), box: Box })
const Restoration = z.object({ restored: z.int(), box: Box })
/** Images that the learner was given. */
const Learnt = z.object({ learnt: Numbers })
const Line = z.union([Judgement, Dismissal, Restoration, Learnt])

/** What was detected in an image, by a model that had not learnt from it. */
export interface Seen {
  readonly step: number
  readonly shown: boolean
  readonly detections: readonly Proposed[]
  /** What earlier weights detected there while somebody had it open: proposals may have been accepted from any of them. */
  readonly earlier: readonly Proposed[]
}

export class Judgements {
  readonly #file: string
  readonly #all: Judgement[] = []
  readonly #dismissed = new Set<string>()
  /** Images that were learnt from at some time, even if no longer: they are never judged. */
  readonly #learnt = new Set<number>()
  #thresholds: ReadonlyMap<number, number> | null = null

  /** Lines that are torn are passed over: a killed program leaves one. */
  constructor(folder: string) {
    this.#file = path.join(folder, FILE)
    for (const line of linesOf(this.#file)) {
      const found = parsed(line)
      if (found && 'dismissed' in found) this.#dismissed.add(keyOf(found.dismissed, found.box))
      else if (found && 'restored' in found) this.#dismissed.delete(keyOf(found.restored, found.box))
      else if (found && 'learnt' in found) for (const image of found.learnt) this.#learnt.add(image)
      else if (found) this.#take(found)
    }
  }

  /** An image is judged once; a later line of it is about other labels. */
  #take(judgement: Judgement): void {
    const known = this.#all.findLastIndex(({ image }) => image === judgement.image)
    if (known < 0) this.#all.push(judgement)
    else this.#all[known] = judgement
  }

  /** The newest last. */
  get all(): readonly Judgement[] {
    return this.#all
  }

  isLearnt(image: number): boolean {
    return this.#learnt.has(image)
  }

  /** Call before the learner is given images. */
  learn(images: readonly number[]): void {
    const fresh = images.filter((image) => !this.#learnt.has(image))
    if (fresh.length === 0) return
    for (const image of fresh) this.#learnt.add(image)
    this.#append({ learnt: fresh })
  }

  /** From which score on a class's proposals are shown. */
  thresholds(classIds: readonly number[]): ReadonlyMap<number, number> {
    const known = this.#thresholds
    if (known && known.size === classIds.length && classIds.every((id) => known.has(id))) return known
    // What was detected of a class that is gone says nothing of those that are there.
    const history = this.#all.map(({ detections }) =>
      detections.filter(({ classId }) => classIds.includes(classId)),
    )
    this.#thresholds = chooseThresholds(history, classIds)
    return this.#thresholds
  }

  /** @param annotations with which the image was finished, without proposals */
  judge(
    image: number,
    { step, shown, detections, earlier }: Seen,
    annotations: readonly ProjectAnnotation[],
    classIds: readonly number[],
  ): Judgement {
    const labels = annotations.filter(({ crowd }) => !crowd)
    const judged = verdictsOn(detections, annotations)
    const thresholds = this.thresholds(classIds)
    const proposals = shown
      ? judged.filter(({ classId, score }) => score > (thresholds.get(classId) ?? 1))
      : []
    // What was accepted came from a proposal, and what was drawn by hand from none, wherever it lies.
    const accepted = labels.filter(({ source }) => source === 'accepted')
    const byHand = labels.filter(({ source }) => source !== 'accepted')
    const { verdicts: fates } = outcomeOf(proposals, accepted)
    const isAsProposed = (label: ClassBox): boolean =>
      [...detections, ...earlier].some(
        ({ classId, box }) => classId === label.classId && iou(box, label.box) >= SAME_BOX,
      )
    const taken = accepted.filter(isAsProposed).length
    const work = {
      ...{ taken, moved: accepted.length - taken },
      wrong: fates.filter((fate) => fate === 'wrong').length,
      drawn: byHand.map(({ classId }) => classId),
    }
    const judgement: Judgement = {
      ...{ image, step, shown, detections: judged, work },
      labels: labels.map(({ classId }) => classId),
      doubts: contradictions(judged, labels, this.#claims()).map(({ label, ...doubt }) => ({
        ...doubt,
        annotation: label?.id ?? null,
        labelled: label?.classId ?? null,
      })),
    }
    this.#all.push(judgement)
    this.#thresholds = null
    this.#append(judgement)
    return judgement
  }

  /**
   * Labels are others now: what was detected in their images is compared with these, since thresholds and doubts must not rest
   * on labels that were wrong. What a person did when the images were finished stays as it was.
   *
   * @param annotations of each image, with proposals or without
   */
  relabel(images: readonly number[], annotations: readonly (readonly ProjectAnnotation[])[]): void {
    const changed = new Map(images.map((image, i) => [image, annotations[i]!]))
    // Older ones tell nothing any more.
    const first = Math.max(0, this.#all.length - CLAIMING)
    for (const [i, judgement] of this.#all.entries()) {
      const now = i < first ? undefined : changed.get(judgement.image)
      if (!now) continue
      const decided = now.filter(({ source }) => source !== 'proposed')
      const detections = verdictsOn(judgement.detections, decided)
      const labels = decided.filter(({ crowd }) => !crowd).map(({ classId }) => classId)
      const again = { ...judgement, detections, labels }
      if (isDeepStrictEqual(again, judgement)) continue
      this.#all[i] = again
      this.#thresholds = null
      this.#append(again)
    }
  }

  dismiss(image: number, box: BoxXyxy): void {
    this.#dismissed.add(keyOf(image, box))
    this.#append({ dismissed: image, box })
  }

  restore(image: number, box: BoxXyxy): void {
    this.#dismissed.delete(keyOf(image, box))
    this.#append({ restored: image, box })
  }

  isDismissed(image: number, box: BoxXyxy): boolean {
    return this.#dismissed.has(keyOf(image, box))
  }

  get summary(): AssistSummary | null {
    const recent = this.#all.filter(({ shown }) => shown).slice(-RECENT)
    if (recent.length === 0) return null
    const count = (of: (work: Judgement['work']) => number) => ({
      boxes: recent.reduce((sum, { work }) => sum + of(work), 0),
      images: recent.filter(({ work }) => of(work) > 0).map(({ image }) => image),
    })
    return {
      images: recent.length,
      taken: count(({ taken }) => taken),
      moved: count(({ moved }) => moved),
      drawn: count(({ drawn }) => drawn.length),
      rejected: count(({ wrong }) => wrong),
      gesturesSaved: saved(recent, 'gestures'),
      secondsSaved: saved(recent, 'seconds'),
    }
  }

  /** The share of gestures saved, image by image. */
  get curve(): number[] {
    return this.#all.slice(-CURVE).map((one) => saved([one], 'gestures'))
  }

  #claims(): Claim[] {
    return this.#all.slice(-CLAIMING).flatMap(({ detections, labels }) => claimsOf(detections, labels))
  }

  /** What cannot be written holds until the program ends: the labels themselves are safe. */
  #append(line: z.infer<typeof Line>): void {
    try {
      appendFileSync(this.#file, `${JSON.stringify(line)}\n`)
    } catch {
      // A full disk stops the run, which says so.
    }
  }
}

/** Those in a crowd region, of which no label could be expected, are left out. */
function verdictsOn(
  detections: readonly Proposed[],
  annotations: readonly ProjectAnnotation[],
): JudgedDetection[] {
  const [crowds, labels] = [true, false].map((is) => annotations.filter(({ crowd }) => crowd === is))
  const { verdicts } = outcomeOf(detections, labels!)
  return detections
    .map((one, i) => ({ ...one, verdict: verdicts[i]! }))
    .filter((one) => one.verdict !== 'wrong' || !liesInCrowd(one, crowds!))
}

function saved(judgements: readonly Judgement[], of: 'gestures' | 'seconds'): number {
  const sum = (effort: (one: Judgement) => number): number =>
    judgements.reduce((total, one) => total + effort(one), 0)
  const alone = sum(({ labels }) => unassisted(labels.map((classId) => ({ classId })))[of])
  return 1 - sum(({ work }) => effortOf(work)[of]) / alone
}

const keyOf = (image: number, box: BoxXyxy): string => `${image} ${box}`

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch {
    return []
  }
}

function parsed(line: string): z.infer<typeof Line> | undefined {
  try {
    return Line.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}
