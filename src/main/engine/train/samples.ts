import type { EngineData } from '../../../core/contract/engine.ts'
import type { ModelConfig } from '../../../core/fcos/config.ts'
import type { TrainingSample } from '../data/samples.ts'

/**
 * The boxes that are targets. Crowd regions are no single object; boxes of classes that the model does not have are
 * left out as well. Images without boxes stay: they teach background.
 */
export function trainingSamples({ images }: EngineData, classes: ModelConfig['classes']): TrainingSample[] {
  const indexOf = new Map(classes.map(({ id }, index) => [id, index]))
  return images.map(({ path, width, height, boxes, categories, crowds }) => {
    const targets = [...categories.keys()].filter((i) => crowds[i] === 0 && indexOf.has(categories[i]))
    return {
      path,
      width,
      height,
      boxes: Float32Array.from(targets.flatMap((i) => [...boxes.subarray(i * 4, i * 4 + 4)])),
      classes: Int32Array.from(targets, (i) => indexOf.get(categories[i]) as number),
    }
  })
}
