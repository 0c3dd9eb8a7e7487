import { toXywh } from '../geometry/box.ts'
import type { Annotation, Category, DatasetImage, DatasetStream } from './dataset.ts'
import type { Writer } from './writer.ts'

/** `annotations.json`, one entry a line; annotations are numbered from 1 in image order. Images belong in `images`. */
export const writeCoco: Writer = function* (dataset) {
  yield { path: 'annotations.json', text: pieces(dataset) }
}

function* pieces({ images, categories }: DatasetStream): Generator<string> {
  yield '{"images": ['
  let separator = '\n'
  for (const image of images) {
    yield separator + JSON.stringify(cocoImage(image))
    separator = ',\n'
  }
  yield '\n],\n"annotations": ['
  separator = '\n'
  let id = 0
  for (const image of images) {
    for (const annotation of image.annotations) {
      yield separator + JSON.stringify(cocoAnnotation(++id, image.id, annotation))
      separator = ',\n'
    }
  }
  yield `\n],\n"categories": ${JSON.stringify(categories.map(cocoCategory))}}\n`
}

const cocoImage = ({ id, fileName, width, height }: DatasetImage): object => ({
  id,
  file_name: fileName,
  width,
  height,
})

function cocoAnnotation(id: number, imageId: number, annotation: Annotation): object {
  const bbox = toXywh(annotation.box)
  return {
    id,
    image_id: imageId,
    category_id: annotation.categoryId,
    bbox,
    area: annotation.area ?? bbox[2] * bbox[3],
    iscrowd: annotation.crowd ? 1 : 0,
    segmentation: annotation.segmentation ?? [],
    difficult: annotation.difficult ? 1 : undefined,
    score: annotation.score,
    attributes: annotation.attributes,
  }
}

const cocoCategory = ({ id, name }: Category): object => ({ id, name, supercategory: '' })
