/** Records of annotations made out of others. */
import type { BoxXyxy } from '../../core/geometry/box.ts'
import type { AnnotationPatch, NewAnnotation, ProjectAnnotation } from '../../core/project/model.ts'

/** A mask's area and outline, as imported, are those of the old place. */
export const movedTo =
  (boxes: ReadonlyMap<number, BoxXyxy>) =>
  (id: number): AnnotationPatch => ({ box: boxes.get(id)!, area: null, segmentation: null })

/** As somebody would have drawn it: without what it was imported or proposed with. */
export const asDrawn = ({
  classId,
  box,
  crowd,
  difficult,
  attributes,
}: ProjectAnnotation): NewAnnotation => ({
  classId,
  box,
  crowd,
  difficult,
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

export const shifted = ([x1, y1, x2, y2]: BoxXyxy, by: number): BoxXyxy => [
  x1 + by,
  y1 + by,
  x2 + by,
  y2 + by,
]
