/** The list of all boxes of a data set with what FCOS makes of each. */
import type { BoxXyxy } from '../geometry/box.ts'
import type { Cure } from './cure.ts'
import { type ImageInspection, unlearnableReason } from './image-inspection.ts'
import { type AnnotationKey, SIZE_CLASSES, sizeClass } from './inspect.ts'
import { LEVEL_NAMES } from './levels.ts'
import { nearestCure } from './nearest-cure.ts'
import type { UnlearnableCause } from './recall.ts'
import type { InputSetting } from './scene.ts'

export interface BoxRow extends AnnotationKey {
  /** Image pixels. */
  readonly box: BoxXyxy
  readonly sizeClass: (typeof SIZE_CLASSES)[number]['name']
  /** [5] locations of P3 to P7 that learn the box. */
  readonly perLevel: readonly number[]
  /** Locations that it is eligible for and another box took. */
  readonly lost: number
  /** Over its locations; null without any. */
  readonly meanCenterness: number | null
  /** Why no location learns it; null if one does. */
  readonly cause: UnlearnableCause | null
  /** What would make it learnable; null if it is, or if nothing that was tried helps. */
  readonly cure: Cure | null
}

/**
 * One row per target annotation of an inspected image, or per box of those in `wanted` (indices of targets). Most of the
 * time goes into cures.
 */
export function boxRows(
  found: ImageInspection,
  setting: InputSetting,
  wanted: readonly number[] = [...found.targets.keys()],
): BoxRow[] {
  const { image, targets, shares } = found
  const boxes = targets.map(([, { box }]) => box)
  return wanted.map((gt) => {
    const [annotation, labelled] = targets[gt]
    const learned = shares.positives[gt] > 0
    return {
      imageId: image.id,
      fileName: image.fileName,
      annotation,
      categoryId: labelled.categoryId,
      box: labelled.box,
      sizeClass: SIZE_CLASSES[sizeClass(labelled)].name,
      perLevel: [...shares.perLevel.subarray(gt * LEVEL_NAMES.length, (gt + 1) * LEVEL_NAMES.length)],
      lost: shares.lost[gt],
      meanCenterness: learned ? shares.meanCenterness[gt] : null,
      cause: learned ? null : unlearnableReason(found, setting, gt).cause,
      cure: learned ? null : (nearestCure({ image, boxes, gt }, setting) ?? null),
    }
  })
}
