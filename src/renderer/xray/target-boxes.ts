/** The objects of an image that a model would learn from, in the current state of a gesture. */
import type { BoxXyxy } from '../../core/geometry/box.ts'
import type { Segmentation } from '../../core/geometry/segmentation.ts'
import { fitShape, type Shape } from '../../core/geometry/shape.ts'
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
  readonly segmentation: Segmentation | null
}

/**
 * Excludes proposals, which are not labels yet, and crowd regions, which are not single objects.
 * @param penClass the class of a box that is being drawn
 */
export function targetBoxes(
  annotations: readonly Pick<
    ProjectAnnotation,
    'id' | 'classId' | 'box' | 'source' | 'crowd' | 'segmentation' | 'area'
  >[],
  draft: readonly DraftShape[] | null,
  penClass: number,
): TargetBox[] {
  const drafts = new Map(draft?.map((one) => [one.id, one]))
  const targets = annotations.flatMap((annotation, i): TargetBox[] => {
    const { id, classId, source, crowd } = annotation
    if (source === 'proposed' || crowd) return []
    return [{ id, number: i + 1, classId, ...drafted(annotation, drafts.get(id)) }]
  })
  const drawn = drafts.get(null)
  if (drawn) {
    const { box, segmentation = null } = drawn
    targets.push({ id: null, number: annotations.length + 1, classId: penClass, box, segmentation })
  }
  return targets
}

/** An outline goes with its box where a gesture does not change it. */
function drafted(
  { box, segmentation, area }: Shape,
  draft: DraftShape | undefined,
): Pick<TargetBox, 'box' | 'segmentation'> {
  if (!draft) return { box, segmentation }
  if (draft.segmentation) return { box: draft.box, segmentation: draft.segmentation }
  return {
    box: draft.box,
    segmentation: segmentation && fitShape({ box, segmentation, area }, draft.box).segmentation,
  }
}
