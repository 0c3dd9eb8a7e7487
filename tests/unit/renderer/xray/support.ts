import { DIALECTS } from '../../../../src/core/detectors/fcos/config.ts'
import type { BoxXyxy, Size } from '../../../../src/core/geometry/box.ts'
import type { ModelRules } from '../../../../src/renderer/xray/model-rules.ts'
import type { TargetBox } from '../../../../src/renderer/xray/target-boxes.ts'
import { type ComputedTargets, TargetComputer } from '../../../../src/renderer/xray/targets.ts'

/** The network sees 128 px images as they are, so that numbers can be worked out by hand. */
export const RULES: ModelRules = {
  input: { shortSide: 128, longSide: 128 },
  rules: { ...DIALECTS.authors },
  boxWeight: 'centerness',
}

export const targetBox = (number: number, box: BoxXyxy, classId = 0): TargetBox => ({
  id: number,
  number,
  segmentation: null,
  classId,
  box,
})

export const compute = (boxes: readonly TargetBox[], rules = RULES, image: Size = SQUARE): ComputedTargets =>
  new TargetComputer().compute(image, boxes, rules, { runnersUp: true })

export const SQUARE = { width: 128, height: 128 }
