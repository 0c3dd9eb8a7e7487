/** Labels that are still to be looked at again. */
import type { Doubt } from '../../../core/contract/studio/assist.ts'
import { iou } from '../../../core/geometry/box.ts'
import type { ProjectAnnotation } from '../../../core/project/model.ts'
import type { Project } from '../project/index.ts'
import type { Judgements } from './judgements.ts'

/** Doubts that nobody has dismissed, and whose labels nobody has changed since; the most confident first. */
export function standingDoubts(judgements: Judgements, annotations: Project['annotations']): Doubt[] {
  const all = judgements.all.filter(({ doubts }) => doubts.length > 0)
  const labels = annotations.ofImages(all.map(({ image }) => image))
  return all
    .flatMap(({ image, doubts }, i) =>
      doubts
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
    return !labels.some(
      (label) =>
        label.source !== 'proposed' && label.classId === expected?.classId && iou(label.box, box) >= 0.5,
    )
  }
  const label = labels.find(({ id }) => id === annotation)
  return label !== undefined && label.classId === labelled
}
