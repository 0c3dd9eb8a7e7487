/** What FCOS would be asked to learn from one image. */

import { assign } from '../detectors/fcos/assign.ts'
import type { DatasetImage } from '../formats/dataset.ts'
import type { Pyramid } from '../pyramid/levels.ts'
import { type Ambiguity, ambiguity, emptyAmbiguity } from './ambiguity.ts'
import { boxSize, describeUnlearnable, type UnlearnableCause, unlearnable } from './reasons.ts'
import {
  type IndexedAnnotation,
  type InputSetting,
  inputBoxes,
  perInputSize,
  targetAnnotations,
} from './setting.ts'
import { type BoxShares, countShares, emptyShares, fitShares } from './shares.ts'

/** Holds until the next image is inspected, for the buffers are reused. */
export interface ImageInspection {
  readonly image: DatasetImage
  /** [N] the annotations that are targets; boxes below are numbered in this order. */
  readonly targets: readonly IndexedAnnotation[]
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
  const { input, rules } = setting
  const scratch = perInputSize(setting, ({ locations }) => ({
    matched: new Int32Array(locations),
    ambiguity: emptyAmbiguity(locations),
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
    assign(layout, rules, boxes, matched)
    const classes = targets.map(([, { categoryId }]) => categoryId)
    ambiguity(layout, rules, boxes, classes, matched, made.ambiguity)
    shares = fitShares(shares, targets.length)
    countShares(layout, rules, boxes, matched, shares)
    return { image, targets, layout, boxes, matched, ambiguity: made.ambiguity, shares }
  }
}

/** Why no location learns box `gt` of an inspected image. */
export function unlearnableReason(
  { targets, layout, boxes, matched }: ImageInspection,
  { rules }: InputSetting,
  gt: number,
): UnlearnableReason {
  const { cause, lostTo } = unlearnable(layout, rules, boxes, gt, matched)
  const winners = lostTo.map((winner) => targets[winner][0])
  const reason = describeUnlearnable({ gt: targets[gt][0], cause, lostTo: winners }, boxSize(boxes, gt))
  return { cause, lostTo: winners, reason }
}
