/** A data set as the loader takes it: plain data that can be copied into a worker. */
import { join } from 'node:path'
import type { ModelConfig } from '../../../core/fcos/config.ts'
import type { Dataset } from '../../../core/formats/dataset.ts'

export interface TrainingSample {
  readonly path: string
  /** Source pixels after EXIF orientation, as the annotations count them. */
  readonly width: number
  readonly height: number
  /** [N·4] x1, y1, x2, y2 in source pixels. */
  readonly boxes: Float32Array
  /** [N] indices into the model's classes. */
  readonly classes: Int32Array
}

/**
 * Resolves paths and category ids. Crowd regions are no single object and never a target; annotations of categories that
 * the model does not have are left out as well. Difficult objects are targets: they are there to be seen. Images without
 * boxes stay: they teach background.
 */
export function trainingSamples(
  dataset: Dataset,
  imageRoot: string,
  classes: ModelConfig['classes'],
): TrainingSample[] {
  const indexOf = new Map(classes.map(({ id }, index) => [id, index]))
  return dataset.images.map(({ fileName, width, height, annotations }) => {
    const targets = annotations.filter(({ crowd, categoryId }) => !crowd && indexOf.has(categoryId))
    return {
      path: join(imageRoot, fileName),
      width,
      height,
      boxes: Float32Array.from(targets.flatMap(({ box }) => box)),
      classes: Int32Array.from(targets, ({ categoryId }) => indexOf.get(categoryId)!),
    }
  })
}
