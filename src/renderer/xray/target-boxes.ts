/** The objects of an image that a model would learn from, in the current state of a gesture. */
import type { BoxXyxy } from '../../core/geometry/box.ts'
import type { ProjectAnnotation } from '../../core/project/model.ts'
import type { DraftShape } from '../canvas/editing.ts'

export interface TargetBox {
  /** Null while the box is being drawn. */
  readonly id: number | null
  /** Position in the list of objects, from 1. */
  readonly number: number
  readonly classId: number
  /** Image pixels. */
  readonly box: BoxXyxy
}

/**
 * Excludes proposals, which are not labels yet, and crowd regions, which are not single objects.
 * @param penClass the class of a box that is being drawn
 */
export function targetBoxes(
  annotations: readonly Pick<ProjectAnnotation, 'id' | 'classId' | 'box' | 'source' | 'crowd'>[],
  draft: readonly DraftShape[] | null,
  penClass: number,
): TargetBox[] {
  const drafts = new Map(draft?.map(({ id, box }) => [id, box]))
  const targets = annotations.flatMap(({ id, classId, box, source, crowd }, i): TargetBox[] =>
    source === 'proposed' || crowd ? [] : [{ id, number: i + 1, classId, box: drafts.get(id) ?? box }],
  )
  const drawn = drafts.get(null)
  if (drawn) targets.push({ id: null, number: annotations.length + 1, classId: penClass, box: drawn })
  return targets
}
