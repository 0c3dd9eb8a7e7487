/** A data set as the loader takes it: plain data that can be copied into a worker. */
import type { EngineData } from '../../../core/contract/engine.ts'
import type { Outlines } from '../../../core/detectors/assigner.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'

export interface TrainingSample {
  readonly path: string
  /** Source pixels after EXIF orientation, as the annotations count them. */
  readonly width: number
  readonly height: number
  /** [N·4] x1, y1, x2, y2 in source pixels. */
  readonly boxes: Float32Array
  /** [N] indices into the model's classes. */
  readonly classes: Int32Array
  /** [N] in source pixels. */
  readonly outlines?: Outlines | undefined
}

/**
 * The boxes that are targets. Crowd regions are no single object; boxes of classes that the model does not have are
 * left out as well. Difficult objects are targets: they are there to be seen. Images without boxes stay: they teach background.
 */
export function trainingSamples({ images }: EngineData, classes: ModelConfig['classes']): TrainingSample[] {
  const indexOf = new Map(classes.map(({ id }, index) => [id, index]))
  return images.map(({ path, width, height, boxes, categories, crowds, outlines }) => {
    const targets = [...categories.keys()].filter((i) => crowds[i] === 0 && indexOf.has(categories[i]))
    return {
      path,
      width,
      height,
      boxes: Float32Array.from(targets.flatMap((i) => [...boxes.subarray(i * 4, i * 4 + 4)])),
      classes: Int32Array.from(targets, (i) => indexOf.get(categories[i]) as number),
      outlines: outlines && targets.map((i) => outlines[i] ?? null),
    }
  })
}
