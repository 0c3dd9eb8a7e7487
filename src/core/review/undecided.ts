/** The guesses of a model that the user has neither labelled nor rejected. */
import { type BoxXyxy, iou } from '../geometry/box.ts'
import type { Source } from '../project/model.ts'

export interface ClassBox {
  readonly classId: number
  /** Image pixels. */
  readonly box: BoxXyxy
}

/** A guess with at least this IoU with a label of its class is about the same object; COCO's lowest matching threshold. */
const SAME_OBJECT = 0.5
/** A guess this close to a rejected box repeats it, whichever model it comes from; a clearly better box does not. */
const SAME_CLAIM = 0.75

/** @param annotations annotations of the image; proposals among them are ignored */
export function undecided<Guess extends ClassBox>(
  guesses: readonly Guess[],
  annotations: readonly (ClassBox & { readonly source: Source })[],
  rejections: readonly ClassBox[],
): Guess[] {
  const labels = annotations.filter(({ source }) => source !== 'proposed')
  return guesses.filter(
    (guess) => !labels.some(isAbout(guess, SAME_OBJECT)) && !isAboutRejected(guess, rejections),
  )
}

/** Whether a person has said that there is no object of the class. */
export const isAboutRejected = (guess: ClassBox, rejections: readonly ClassBox[]): boolean =>
  rejections.some(isAbout(guess, SAME_CLAIM))

const isAbout =
  ({ classId, box }: ClassBox, least: number) =>
  (other: ClassBox): boolean =>
    other.classId === classId && iou(other.box, box) >= least
