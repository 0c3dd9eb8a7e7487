/** Selects among an image's candidates: guesses that are not stored, and the stored proposals that are hidden. */

import { decodeCandidateFile, type ImageCandidates } from '../../core/contract/model-assets.ts'
import { type GuessOptions, guessesOf } from '../../core/detectors/shared/select.ts'
import { fromWire } from '../../core/errors.ts'
import type { ProjectAnnotation, ProjectClass } from '../../core/project/model.ts'
import { matchClasses } from '../../core/review/class-match.ts'
import { type ClassBox, undecided } from '../../core/review/undecided.ts'

/**
 * @param key key of the model in use
 * @throws CodedError the studio's error; the signal's reason when aborted.
 */
export async function fetchCandidates(
  image: number,
  key: string,
  signal: AbortSignal,
): Promise<ImageCandidates> {
  const response = await fetch(`/asset/candidates/${image}?model=${encodeURIComponent(key)}`, { signal })
  if (!response.ok) throw fromWire(await response.json())
  return decodeCandidateFile(await response.bytes())
}

/** Ids of guesses lie below the temporary ids of objects being saved: candidate i has id FIRST_ID − i. */
const FIRST_ID = -1_000_000_000

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

/** Runs on every move of a slider, so it must take well below 16 ms for the candidates of any image. */
export function liveGuesses(known: ImageKnowledge, options: GuessOptions): Live {
  const { image, found, model, classes, annotations, rejections } = known
  const classIds = matchClasses(found.model.config.classes, classes)
  const selected = guessesOf(found.candidates, options).flatMap(({ label, ...guess }) => {
    const classId = classIds[label] ?? null
    return classId === null ? [] : [{ ...guess, classId }]
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
      ...{ id: FIRST_ID - index, imageId: image, source: 'proposed', model },
      ...{ crowd: false, difficult: false, attributes: null },
    })),
    hidden: new Set(stored.filter((one) => !keys.has(keyOf(one))).map(({ id }) => id)),
  }
}

/** Boxes are stored exactly, so equal boxes have equal keys. */
const keyOf = ({ classId, box }: ClassBox): string => `${classId} ${box}`
