/** Selects among an image's candidates: guesses that are not stored, and the stored proposals that are hidden. */
import type { ImageCandidates } from '../contract/model-assets.ts'
import { type GuessOptions, guessesOf } from '../detectors/shared/select.ts'
import { iou } from '../geometry/box.ts'
import type { ProjectAnnotation, ProjectClass } from '../project/model.ts'
import { matchClasses } from './class-match.ts'
import { type ClassBox, undecided } from './undecided.ts'

/**
 * Ids of guesses lie below the temporary ids of objects being saved. Those of one answer of a model differ from those of
 * every other, so that a guess that stays while newer ones come is not taken for one of them.
 */
const FIRST_ID = -1_000_000_000
const IDS_PER_ANSWER = 100_000
const answers = new WeakMap<ImageCandidates, number>()
let answered = 0

function firstIdOf(found: ImageCandidates): number {
  const number = answers.get(found) ?? answered++
  answers.set(found, number)
  return FIRST_ID - number * IDS_PER_ANSWER
}

export interface ImageKnowledge {
  readonly image: number
  readonly found: ImageCandidates
  /** The model's title. */
  readonly model: string
  readonly classes: readonly ProjectClass[]
  readonly annotations: readonly ProjectAnnotation[]
  readonly rejections: readonly ClassBox[]
}

export interface Live {
  /** Highest score first. */
  readonly guesses: readonly ProjectAnnotation[]
  /** Ids of this model's stored proposals that the sliders leave out. */
  readonly hidden: ReadonlySet<number>
}

/** Least scores by class id, over the one of the slider; a class that is not named has that. */
export type ClassThresholds = ReadonlyMap<number, number>

/** Runs on every move of a slider, so it must take well below 16 ms for the candidates of any image. */
export function liveGuesses(
  known: ImageKnowledge,
  options: GuessOptions,
  thresholds: ClassThresholds = new Map(),
): Live {
  const { image, found, model, classes, annotations, rejections } = known
  const firstId = firstIdOf(found)
  const classIds = matchClasses(found.model.config.classes, classes)
  const selected = guessesOf(found.candidates, options).flatMap(({ label, ...guess }) => {
    const classId = classIds[label] ?? null
    return classId === null || guess.score <= (thresholds.get(classId) ?? 0) ? [] : [{ ...guess, classId }]
  })
  const keys = new Set(selected.map(keyOf))
  const stored = annotations.filter((one) => one.source === 'proposed' && one.model === model)
  const storedKeys = new Set(stored.map(keyOf))
  return {
    guesses: undecided(
      selected.filter((guess) => !storedKeys.has(keyOf(guess))),
      annotations,
      rejections,
    ).map(({ index, ...guess }) => ({
      ...guess,
      ...{ id: firstId - index, imageId: image, source: 'proposed', model },
      ...{ crowd: false, difficult: false, attributes: null },
    })),
    hidden: new Set(stored.filter((one) => !keys.has(keyOf(one))).map(({ id }) => id)),
  }
}

/** Two guesses with at least this IoU are about one object, whichever weights they come from. */
const SAME_PLACE = 0.5

/**
 * Guesses that a person has begun to work on stay as they are until they are decided; others are replaced by newer
 * ones.
 * @param held of the guesses shown so far, those that must not move
 */
export function withHeld(
  newer: readonly ProjectAnnotation[],
  held: readonly ProjectAnnotation[],
  {
    annotations,
    rejections,
  }: { readonly annotations: readonly ProjectAnnotation[]; readonly rejections: readonly ClassBox[] },
): ProjectAnnotation[] {
  const known = new Set(newer.map(({ id }) => id))
  const open = undecided(held, annotations, rejections).filter(({ id }) => !known.has(id))
  const others = newer.filter((one) => !open.some(({ box }) => iou(box, one.box) >= SAME_PLACE))
  return [...open, ...others]
}

/** Boxes are stored exactly, so equal boxes have equal keys. */
const keyOf = ({ classId, box }: ClassBox): string => `${classId} ${box}`
