/** Annotation records derived from others. */
import type { Shape } from '../../core/geometry/shape.ts'
import type { AnnotationPatch, NewAnnotation, ProjectAnnotation } from '../../core/project/model.ts'

/** A new position or shape. The whole geometry is sent, so that exactly what was shown is stored. */
export const reshaped =
  (shapes: ReadonlyMap<number, Shape>) =>
  ({ id }: ProjectAnnotation): AnnotationPatch => {
    const { box, segmentation, area } = shapes.get(id)!
    return { box, segmentation, area }
  }

/** The annotation as if drawn by hand: without the model and score it was proposed with. */
export const asDrawn = ({
  classId,
  box,
  crowd,
  difficult,
  area,
  segmentation,
  attributes,
}: ProjectAnnotation): NewAnnotation => ({
  classId,
  box,
  crowd,
  difficult,
  area,
  segmentation,
  attributes,
  source: 'drawn',
})

export const asNew = ({ id: _, imageId: _image, ...annotation }: ProjectAnnotation): NewAnnotation =>
  annotation

/** The annotation as it will be stored, under a temporary id. */
export const withDefaults = (annotation: NewAnnotation, imageId: number, id: number): ProjectAnnotation => ({
  crowd: false,
  difficult: false,
  model: null,
  score: null,
  area: null,
  segmentation: null,
  attributes: null,
  ...annotation,
  id,
  imageId,
})
