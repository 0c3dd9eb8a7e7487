import { fitShape, segmentationArea, segmentationBounds } from '../geometry/shape.ts'
import type { AnnotationPatch, ProjectAnnotation } from './model.ts'

/**
 * Applies a change to an annotation. Box, outline and area are one geometry: if a change sets only some of them, the
 * others follow.
 *
 * - A new box alone takes the outline with it: moved, or scaled to the new sides.
 * - A new outline alone has its own bounds as its box.
 * - A new outline has its own area, unless the change names one.
 * - Only `segmentation: null` removes an outline, and its area with it.
 */
export function patched(annotation: ProjectAnnotation, patch: AnnotationPatch): ProjectAnnotation {
  const next = { ...annotation, ...patch }
  if (patch.segmentation === undefined) {
    if (patch.box === undefined || !isUsableBox(patch.box)) return next
    return {
      ...next,
      ...fitShape(annotation, patch.box),
      ...(patch.area !== undefined && { area: patch.area }),
    }
  }
  const { segmentation } = patch
  if (segmentation === null) return { ...next, area: patch.area ?? null }
  return {
    ...next,
    box: patch.box ?? segmentationBounds(segmentation) ?? annotation.box,
    area: patch.area === undefined ? segmentationArea(segmentation) : patch.area,
  }
}

/** The store refuses anything else. */
const isUsableBox = (box: ProjectAnnotation['box']): boolean =>
  box.every(Number.isFinite) && box[0] < box[2] && box[1] < box[3]
