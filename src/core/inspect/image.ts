/** Inspects what a detector would learn from one image. */

import type { Assignment } from '../detectors/assigner.ts'
import type { DatasetImage } from '../formats/dataset.ts'
import type { Pyramid } from '../pyramid/levels.ts'
import { type Ambiguity, ambiguity, emptyAmbiguity } from './ambiguity.ts'
import { boxSize, describeUnlearnable, type UnlearnableCause, unlearnable } from './reasons.ts'
import {
  assignmentOf,
  type IndexedAnnotation,
  type InputSetting,
  inputBoxes,
  inputDetails,
  perInputSize,
  targetAnnotations,
} from './setting.ts'
import { type BoxShares, countShares, emptyShares, fitShares } from './shares.ts'

/** Holds until the next image is inspected, for the buffers are reused. */
export interface ImageInspection {
  readonly image: DatasetImage
  /** [N] the annotations that are targets. Boxes are numbered in this order below. */
  readonly targets: readonly IndexedAnnotation[]
  readonly assignment: Assignment
  readonly layout: Pyramid
  /** [N·4] pixels of the network's input. */
  readonly boxes: Float32Array
  /** [L] */
  readonly matched: Int32Array
  readonly ambiguity: Ambiguity
  readonly shares: BoxShares
}

/** Why no location learns an annotation. */
export interface UnlearnableReason {
  readonly cause: UnlearnableCause
  /** Indices into the image's annotations. */
  readonly lostTo: readonly number[]
  /** A sentence without a full stop; boxes are named by their index into the image's annotations. */
  readonly reason: string
}

/** Inspects image after image of known size with one setting, without allocating anything of the size of an image twice. */
export function imageInspector(setting: InputSetting): (image: DatasetImage) => ImageInspection {
  const { input } = setting
  const scratch = perInputSize(setting, (_, cells) => ({
    matched: new Int32Array(cells),
    ambiguity: emptyAmbiguity(cells),
  }))
  let shares = emptyShares(0)
  return (image) => {
    const targets = targetAnnotations(image)
    const boxes = inputBoxes(
      image,
      targets.map(([, { box }]) => box),
      input,
    )
    const { layout, made } = scratch(image)
    const { matched } = made
    const details = inputDetails(
      image,
      targets.map(([, { segmentation }]) => segmentation),
      input,
    )
    const assignment = assignmentOf(setting, layout, boxes, details)
    assignment.assign(matched)
    const classes = targets.map(([, { categoryId }]) => categoryId)
    ambiguity(assignment, classes, matched, made.ambiguity)
    shares = fitShares(shares, targets.length)
    countShares(assignment, matched, shares)
    return { image, targets, assignment, layout, boxes, matched, ambiguity: made.ambiguity, shares }
  }
}

/** Why no location learns box `gt` of an inspected image. */
export function unlearnableReason(
  { targets, assignment, boxes, matched }: ImageInspection,
  gt: number,
): UnlearnableReason {
  const box = unlearnable(assignment, gt, matched)
  const indexOf = (target: number) => targets[target][0]
  const reason = describeUnlearnable(box, boxSize(boxes, gt), indexOf)
  return { cause: box.cause, lostTo: box.lostTo.map(indexOf), reason }
}
