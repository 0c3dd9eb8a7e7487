/** Labels that are still to be looked at again. */

import { ABOUT, liesInCrowd, SAME_BOX } from '../../../core/assist/outcome.ts'
import type { Doubt } from '../../../core/contract/studio/assist.ts'
import { iou } from '../../../core/geometry/box.ts'
import type { ProjectAnnotation } from '../../../core/project/model.ts'
import type { Project } from '../project/index.ts'
import type { Judgements } from './judgements.ts'

/**
 * Doubts that nobody has dismissed, and whose images, labels and classes are as they were; the most confident first.
 */
export function standingDoubts(
  judgements: Judgements,
  { images, annotations, classes }: Pick<Project, 'images' | 'annotations' | 'classes'>,
): Doubt[] {
  const doubted = judgements.all.filter(({ doubts }) => doubts.length > 0)
  const there = new Set(images.list(doubted.map(({ image }) => image)).map(({ id }) => id))
  const all = doubted.filter(({ image }) => there.has(image))
  const labels = annotations.ofImages(all.map(({ image }) => image))
  const classIds = new Set(classes.all().map(({ id }) => id))
  return all
    .flatMap(({ image, doubts }, i) =>
      doubts
        .filter(({ expected }) => expected === null || classIds.has(expected.classId))
        .filter((doubt) => !judgements.isDismissed(image, doubt.box) && stands(doubt, labels[i]!))
        .map((doubt): Doubt => ({ image, ...doubt })),
    )
    .toSorted((a, b) => b.confidence - a.confidence)
}

function stands(
  { annotation, labelled, expected, box }: Omit<Doubt, 'image' | 'confidence'>,
  labels: readonly ProjectAnnotation[],
): boolean {
  if (annotation === null) {
    const same = labels.filter(
      ({ source, classId }) => source !== 'proposed' && classId === expected!.classId,
    )
    const crowds = same.filter(({ crowd }) => crowd)
    return !same.some((label) => iou(label.box, box) >= ABOUT) && !liesInCrowd(expected!, crowds)
  }
  const label = labels.find(({ id }) => id === annotation)
  if (!label || label.crowd || label.classId !== labelled) return false
  // Whoever has moved a label has looked at it. Where nothing was expected, the box is the label's own.
  return iou(label.box, box) >= (expected ? ABOUT : SAME_BOX)
}
