import { isPolygons } from '../geometry/segmentation.ts'
import type { Annotation, DatasetImage } from './dataset.ts'
import { baseName } from './paths.ts'
import { labelFiles, type Writer } from './writer.ts'

/** One document beside each image, as LabelMe expects them: `NAME.json` for `NAME.jpg`. */
export const writeLabelMe: Writer = function* (dataset, _, log) {
  const names = new Map(dataset.categories.map(({ id, name }) => [id, name]))
  for (const [image, stem] of labelFiles(dataset, log)) {
    yield { path: `${stem}.json`, text: `${JSON.stringify(toDocument(image, names), null, 2)}\n` }
  }
}

const toDocument = (image: DatasetImage, names: ReadonlyMap<number, string>): object => ({
  version: '5.5.0',
  flags: {},
  shapes: image.annotations.flatMap((annotation, index) =>
    toShapes(annotation, names.get(annotation.categoryId)!, index + 1),
  ),
  imagePath: baseName(image.fileName),
  imageData: null,
  imageHeight: image.height,
  imageWidth: image.width,
})

/** A rectangle, or one shape for each polygon, held together by the group where there are several. */
function toShapes(annotation: Annotation, label: string, group: number): object[] {
  const { box, segmentation, difficult, crowd, score } = annotation
  const { description = '', ...attributes } = annotation.attributes ?? {}
  const flags = Object.entries(attributes).filter(([, value]) => typeof value === 'boolean')
  const others = Object.entries(attributes).filter(([, value]) => typeof value !== 'boolean')
  const common = {
    label,
    description,
    flags: { ...Object.fromEntries(flags), ...(difficult && { difficult }), ...(crowd && { crowd }) },
    ...(others.length > 0 && { attributes: Object.fromEntries(others) }),
    ...(score !== undefined && { score }),
  }
  if (!isPolygons(segmentation)) {
    const [x1, y1, x2, y2] = box
    return [
      {
        ...common,
        shape_type: 'rectangle',
        group_id: null,
        points: [
          [x1, y1],
          [x2, y2],
        ],
      },
    ]
  }
  return segmentation.map((polygon) => ({
    ...common,
    shape_type: 'polygon',
    group_id: segmentation.length > 1 ? group : null,
    points: Array.from({ length: polygon.length / 2 }, (_, i) => [polygon[2 * i], polygon[2 * i + 1]]),
  }))
}
