import { BACKGROUND } from '../detectors/assigner.ts'
import { type AssignmentRules, USUAL_MASK_RULES } from '../detectors/fcos/config.ts'
import { assignWithMasks, maskedObjects } from '../detectors/fcos/masks.ts'
import type { DatasetImage } from '../formats/dataset.ts'
import type { SizeRule } from '../pyramid/input-size.ts'
import { type ImageInspection, imageInspector } from './image.ts'
import { inputDetails, isSized } from './setting.ts'

interface FcosSetting {
  readonly input: SizeRule
  readonly rules: AssignmentRules
}

/** What FCOS would no longer learn if outlines decided, image after image. */
export class MaskCounter {
  readonly counts = { positives: 0, removed: 0, lost: 0 }
  readonly #setting: FcosSetting
  readonly #inspect: (image: DatasetImage) => ImageInspection

  constructor(setting: FcosSetting) {
    this.#setting = setting
    this.#inspect = imageInspector({ ...setting, rules: { ...setting.rules, masks: undefined } })
  }

  /** By the boxes alone; undefined for an image of unknown size. */
  add(image: DatasetImage): ImageInspection | undefined {
    if (!isSized(image)) return undefined
    const found = this.#inspect(image)
    const { counts } = this
    const { targets, boxes, layout, matched, shares } = found
    for (const gt of matched) if (gt >= 0) counts.positives++
    const { input, rules } = this.#setting
    const segmentations = targets.map(([, { segmentation }]) => segmentation)
    const { outlines } = inputDetails(image, segmentations, input)
    if (!outlines) return found
    const objects = maskedObjects(outlines, layout.input)
    const assigned = assignWithMasks(layout, rules, USUAL_MASK_RULES, boxes, objects)
    for (const [location, gt] of assigned.matched.entries()) {
      if (gt === BACKGROUND && matched[location]! >= 0) counts.removed++
    }
    const learnt = new Set(assigned.matched)
    for (const gt of targets.keys()) if (shares.positives[gt]! > 0 && !learnt.has(gt)) counts.lost++
    return found
  }
}
