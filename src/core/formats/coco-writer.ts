import { toXywh } from '../geometry/box.ts'
import type { Dataset } from './dataset.ts'
import type { Writer } from './writer.ts'

/** The document that COCO tools read; annotations are numbered from 1 in image order. */
export function toCoco(dataset: Dataset): object {
  let id = 0
  return {
    images: dataset.images.map(({ id, fileName, width, height }) => ({
      id,
      file_name: fileName,
      width,
      height,
    })),
    annotations: dataset.images.flatMap((image) =>
      image.annotations.map((annotation) => {
        const bbox = toXywh(annotation.box)
        return {
          id: ++id,
          image_id: image.id,
          category_id: annotation.categoryId,
          bbox,
          area: annotation.area ?? bbox[2] * bbox[3],
          iscrowd: annotation.crowd ? 1 : 0,
          segmentation: annotation.segmentation ?? [],
          difficult: annotation.difficult ? 1 : undefined,
          score: annotation.score,
          attributes: annotation.attributes,
        }
      }),
    ),
    categories: dataset.categories.map(({ id, name }) => ({ id, name, supercategory: '' })),
  }
}

/** `annotations.json`. Images belong in `images`. */
export const writeCoco: Writer = function* (dataset) {
  yield { path: 'annotations.json', text: `${JSON.stringify(toCoco(dataset))}\n` }
}
