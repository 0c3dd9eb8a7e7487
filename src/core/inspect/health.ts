/**
 * Finds faults of labels that no choice of detector can fix: boxes that are repeated, lie outside their image, or are
 * too thin to learn from.
 */
import { type BoxXyxy, iou, type Size } from '../geometry/box.ts'
import { isAboutRejected } from '../review/undecided.ts'

export interface LabelBox {
  readonly id: number
  readonly classId: number
  /** Image pixels. */
  readonly box: BoxXyxy
  readonly crowd: boolean
}

export interface ScoredGuess {
  readonly classId: number
  readonly box: BoxXyxy
  /** In [0, 1]. */
  readonly score: number
}

export const BOX_FAULTS = ['repeated', 'outside', 'thin'] as const
export interface BoxFault {
  readonly kind: (typeof BOX_FAULTS)[number]
  readonly label: LabelBox
  /** For `repeated`: the earlier label. */
  readonly of: LabelBox | null
}

/** IoU from which two boxes of a class are the same object drawn twice. */
const REPEATED = 0.9
/** IoU from which boxes of two classes count as the same box. */
const SAME_BOX = 0.98
/** Number of pixels that a box may extend beyond the edge, because other tools count from 1 or round. */
const BEYOND = 0.5
/** Boxes with a side of at most this many pixels are thin. */
const THIN = 1

/** @param labels in the order in which they were added: the later of two that repeat is the fault. Crowds may overlap. */
export function boxFaults({ width, height }: Size, labels: readonly LabelBox[]): BoxFault[] {
  const faults = labels.flatMap((label): BoxFault[] => {
    const [x1, y1, x2, y2] = label.box
    const outside = x1 < -BEYOND || y1 < -BEYOND || x2 > width + BEYOND || y2 > height + BEYOND
    const thin = x2 - x1 <= THIN || y2 - y1 <= THIN
    return [
      ...(outside ? [{ kind: 'outside' as const, label, of: null }] : []),
      ...(thin ? [{ kind: 'thin' as const, label, of: null }] : []),
    ]
  })
  return [...faults, ...repeats(labels)]
}

/** Sweeps from left to right, so that only boxes that overlap in x are compared. */
function repeats(labels: readonly LabelBox[]): BoxFault[] {
  const order = labels.map((label, at) => ({ label, at })).filter(({ label }) => !label.crowd)
  order.sort((a, b) => a.label.box[0] - b.label.box[0])
  const found = new Map<number, BoxFault>()
  let open: typeof order = []
  for (const one of order) {
    open = open.filter(({ label }) => label.box[2] > one.label.box[0])
    for (const other of open) {
      const least = other.label.classId === one.label.classId ? REPEATED : SAME_BOX
      if (iou(one.label.box, other.label.box) < least) continue
      const [first, later] = one.at < other.at ? [one, other] : [other, one]
      if (!found.has(later.at)) found.set(later.at, { kind: 'repeated', label: later.label, of: first.label })
    }
    open.push(one)
  }
  return [...found].sort(([a], [b]) => a - b).map(([, fault]) => fault)
}

/** The part of a box inside its image; null if that has no area. */
export function clipped([x1, y1, x2, y2]: BoxXyxy, { width, height }: Size): BoxXyxy | null {
  const inside = [Math.max(0, x1), Math.max(0, y1), Math.min(width, x2), Math.min(height, y2)] as const
  return inside[2] > inside[0] && inside[3] > inside[1] ? inside : null
}

export const SUSPICIONS = ['missing', 'wrong-class', 'loose'] as const
export interface Suspicion {
  readonly kind: (typeof SUSPICIONS)[number]
  /** Null where one is missing. */
  readonly label: LabelBox | null
  readonly guess: ScoredGuess
}

/** Minimum score of a guess that is worth a look. */
const SURE = 0.5
/** A guess below this IoU with every label is about an object without a label. */
const ELSEWHERE = 0.3
/** From this IoU a guess is about the label's object. */
const SAME_OBJECT = 0.6
/** From this score a guess of the label's own class counts as agreement, however weak. */
const AGREES = 0.3

/**
 * Finds labels that a confident model contradicts: an object without a label, a label with another class, and a label
 * with another box.
 * @param guesses after NMS, also those of low scores
 * @param rejections what a person has said is not there
 */
export function suspicions(
  labels: readonly LabelBox[],
  guesses: readonly ScoredGuess[],
  rejections: readonly { readonly classId: number; readonly box: BoxXyxy }[],
): Suspicion[] {
  const sure = guesses.filter(({ score }) => score >= SURE)
  const missing = sure
    .filter((guess) => labels.every(({ box }) => iou(box, guess.box) < ELSEWHERE))
    .filter((guess) => !isAboutRejected(guess, rejections))
    .map((guess): Suspicion => ({ kind: 'missing', label: null, guess }))
  const wrong = labels
    .filter(({ crowd }) => !crowd)
    .flatMap((label): Suspicion[] => {
      const near = guesses.map((guess) => ({ guess, overlap: iou(guess.box, label.box) }))
      const own = near.filter(({ guess }) => guess.classId === label.classId && guess.score >= AGREES)
      if (own.some(({ overlap }) => overlap >= SAME_OBJECT)) return []
      const best = (of: typeof near) => of.sort((a, b) => b.guess.score - a.guess.score)[0]?.guess
      const other = best(
        near.filter(
          ({ guess, overlap }) =>
            overlap >= SAME_OBJECT && guess.classId !== label.classId && guess.score >= SURE,
        ),
      )
      if (other) return [{ kind: 'wrong-class', label, guess: other }]
      // A guess that fits another label better belongs to that label.
      const better = best(
        own.filter(
          ({ guess, overlap }) =>
            overlap >= ELSEWHERE &&
            guess.score >= SURE &&
            labels.every((one) => one === label || iou(one.box, guess.box) < overlap),
        ),
      )
      return better ? [{ kind: 'loose', label, guess: better }] : []
    })
  return [...missing, ...wrong]
}
