/** Records of annotations made out of others. */
import type { BoxXyxy } from '../../core/geometry/box.ts'
import { fitShape } from '../../core/geometry/shape.ts'
import type { AnnotationPatch, NewAnnotation, ProjectAnnotation } from '../../core/project/model.ts'

/** The outline goes with its box. It is sent with it, so that what is stored is what was shown to the bit. */
export const movedTo =
  (boxes: ReadonlyMap<number, BoxXyxy>) =>
  (one: ProjectAnnotation): AnnotationPatch =>
    fitShape(one, boxes.get(one.id)!)

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
