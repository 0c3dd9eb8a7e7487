/** Which of a model's guesses still wait for a person's word. */
import { type BoxXyxy, iou } from '../geometry/box.ts'
import type { Source } from '../project/model.ts'

export interface ClassBox {
  readonly classId: number
  /** Image pixels. */
  readonly box: BoxXyxy
}

/** A guess that overlaps a label of its class so much is about the same object: COCO's least IoU of a match. */
const SAME_OBJECT = 0.5
/** So near to a rejected box it is the same claim again, also of another model; a better box of the object is not. */
const SAME_CLAIM = 0.75

/** @param annotations of the image; proposals among them decide nothing */
export function undecided<Guess extends ClassBox>(
  guesses: readonly Guess[],
  annotations: readonly (ClassBox & { readonly source: Source })[],
  rejections: readonly ClassBox[],
): Guess[] {
  const labels = annotations.filter(({ source }) => source !== 'proposed')
  const isAbout =
    ({ classId, box }: ClassBox, least: number) =>
    (other: ClassBox): boolean =>
      other.classId === classId && iou(other.box, box) >= least
  return guesses.filter(
    (guess) => !labels.some(isAbout(guess, SAME_OBJECT)) && !rejections.some(isAbout(guess, SAME_CLAIM)),
  )
}
