/** What a model would learn from an image in its current state, recomputed on every frame of a drag. */

import type { Detector } from '../../core/detectors/detector.ts'
import { detectorOf } from '../../core/detectors/detectors.ts'
import type { Size } from '../../core/geometry/box.ts'
import { inputBoxes, inputDetails } from '../../core/inspect/setting.ts'
import { TargetMaps } from '../../core/inspect/target-maps.ts'
import { paddedSize, resizedSize } from '../../core/pyramid/input-size.ts'
import type { ModelRules } from './model-rules.ts'
import type { TargetBox } from './target-boxes.ts'

/** Boxes are numbered in the order of `boxes`. The maps and runners-up are overwritten by the next computation. */
export interface ComputedTargets {
  readonly image: Size
  /** The image in the network's input, before padding. */
  readonly resized: Size
  readonly rules: ModelRules
  readonly boxes: readonly TargetBox[]
  /** [N·4] pixels of the network's input. */
  readonly inputBoxes: Float32Array
  readonly maps: TargetMaps
  /** [L] see runnersUp; null if not requested. */
  readonly runnersUp: Int32Array | null
}

export class TargetComputer {
  #maps: TargetMaps | undefined

  compute(
    image: Size,
    boxes: readonly TargetBox[],
    model: ModelRules,
    wanted: { readonly runnersUp: boolean },
  ): ComputedTargets {
    const { input, rules, boxWeight, loss = { boxWeight } } = model
    const resized = resizedSize(image, input)
    const scaled = inputBoxes(
      image,
      boxes.map(({ box }) => box),
      input,
    )
    const maps = this.#mapsFor(paddedSize(resized), detectorOf(model))
    const details = inputDetails(
      image,
      boxes.map(({ segmentation }) => segmentation),
      input,
    )
    const classes = boxes.map(({ classId }) => classId)
    maps.update({ boxes: scaled, classes, details, assignment: rules, loss })
    return {
      ...{ image, resized, rules: model, boxes, inputBoxes: scaled, maps },
      runnersUp: wanted.runnersUp ? maps.runnersUp() : null,
    }
  }

  #mapsFor(input: Size, detector: Detector): TargetMaps {
    const known = this.#maps?.pyramid.input
    const same = known?.width === input.width && known.height === input.height
    if (this.#maps?.detector === detector && same) return this.#maps
    const maps = new TargetMaps(input, detector)
    this.#maps = maps
    return maps
  }
}

/** Pixels of the image per pixel of the network's input: about equal on both axes, since sizes are rounded. */
export const imageScale = ({ image, resized }: Pick<ComputedTargets, 'image' | 'resized'>) => ({
  x: image.width / resized.width,
  y: image.height / resized.height,
})
