/** Records of annotations made out of others. */
import type { Shape } from '../../core/geometry/shape.ts'
import type { AnnotationPatch, NewAnnotation, ProjectAnnotation } from '../../core/project/model.ts'

/** A new place or form. All of it is sent, so that what is stored is what was shown to the bit. */
export const reshaped =
  (shapes: ReadonlyMap<number, Shape>) =>
  ({ id }: ProjectAnnotation): AnnotationPatch => {
    const { box, segmentation, area } = shapes.get(id)!
    return { box, segmentation, area }
  }

/** As somebody would have drawn it: without the model and score that it was proposed with. */
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

/** As the store will have it, under an id of ours. */
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
