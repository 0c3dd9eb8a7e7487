/** From which score on a class's proposals save work: chosen by what became of earlier ones, before they were learnt from. */
import { LABOUR, type Verdict } from './outcome.ts'

/** A detection that was compared with the labels of its image; whether it was shown does not matter. */
export interface Judged {
  readonly classId: number
  readonly score: number
  readonly verdict: Verdict
}

/**
 * What showing a proposal saves, in boxes drawn: the mean of the shares of a drawn box's seconds and gestures that it saves
 * or costs (core/assist/outcome.ts).
 */
const GAIN: Readonly<Record<Verdict, number>> = {
  taken: gain(0, 0),
  moved: gain(LABOUR.adjust.seconds, LABOUR.adjust.gestures),
  wrong: gain(LABOUR.draw.seconds + LABOUR.reject.seconds, LABOUR.draw.gestures + LABOUR.reject.gestures),
}

function gain(seconds: number, gestures: number): number {
  const { draw, lookAtProposal } = LABOUR
  const inSeconds = (draw.seconds - lookAtProposal.seconds - seconds) / draw.seconds
  return (inSeconds + (draw.gestures - gestures) / draw.gestures) / 2
}

/** The model learns: what became of its proposals counts half after so many images. */
const HALF_LIFE = 6
/** Older images weigh less than a thousandth. */
const REMEMBERED = 10 * HALF_LIFE
/** Weight of a detection of another class beside one of the same. */
const KIN = 0.1
/** Before anything is known a score is taken for the chance to be right, by so many supposed detections of each score. */
const SUPPOSED = { scores: Array.from({ length: 19 }, (_, i) => 0.05 + 0.05 * i), weight: 0.25 }
/** Nothing is shown. */
export const NEVER = 1

/**
 * The score of each class above which the gains of all detections, weighted by age, add up to most; NEVER where every
 * choice loses.
 *
 * @param history per image, the newest last
 */
export function chooseThresholds(
  history: readonly (readonly Judged[])[],
  classIds: readonly number[],
): Map<number, number> {
  const recent = history.slice(-REMEMBERED)
  const weighed = recent.flatMap((image, i) => {
    const weight = 0.5 ** ((recent.length - 1 - i) / HALF_LIFE)
    return image.map((one) => ({ ...one, gain: weight * GAIN[one.verdict] }))
  })
  const supposed = SUPPOSED.scores.map((score) => ({
    score,
    gain: SUPPOSED.weight * (score * GAIN.taken + (1 - score) * GAIN.wrong),
  }))
  return new Map(
    classIds.map((id) => {
      const seen = weighed.map(({ classId, score, gain }) => ({
        score,
        gain: classId === id ? gain : KIN * gain,
      }))
      return [id, best([...seen, ...supposed])]
    }),
  )
}

/** Half-way between the last that is worth showing and the next. */
function best(detections: readonly { readonly score: number; readonly gain: number }[]): number {
  const sorted = detections.toSorted((a, b) => b.score - a.score)
  let [sum, most, at] = [0, 0, -1]
  for (const [i, { gain }] of sorted.entries()) {
    sum += gain
    if (sum > most) [most, at] = [sum, i]
  }
  if (at < 0) return NEVER
  const last = sorted[at]!.score
  return (last + (sorted[at + 1]?.score ?? last)) / 2
}
