/** RetinaNet's two losses (Lin et al. 2017, sections 3 and 4.1, as torchvision has them), with their gradients. */
import type { Pyramid } from '../../pyramid/levels.ts'
import type { LabelledBoxes } from '../detector.ts'
import { type BoxCode, codeGradient, decode, emptyDecoded, encode } from '../shared/box-codes.ts'
import { boxLoss } from '../shared/box-iou.ts'
import { focalLoss } from '../shared/focal.ts'
import { ANCHORS_PER_LOCATION } from './anchors.ts'
import { anchorAt, type PlacedAnchor } from './assign.ts'
import type { RetinaNetConfig } from './config.ts'

/** N images, A anchors over all levels, K classes. */
export type HeadOutputs = {
  /** [N,A,K] */
  readonly logits: Float32Array
  /** [N,A,4] see BoxCode. */
  readonly regression: Float32Array
}

export interface ImageTargets extends LabelledBoxes {
  /** [A] index of the box, BACKGROUND or IGNORED. */
  readonly matched: Int32Array
}

export const RETINANET_CODE: BoxCode = { weights: [1, 1, 1, 1], lastPixel: 0 }

export const codeAnchor = ({ x, y, halfWidth, halfHeight }: PlacedAnchor) => ({
  ...{ x, y },
  ...{ width: 2 * halfWidth, height: 2 * halfHeight },
})

export interface LossInput {
  readonly outputs: HeadOutputs
  readonly targets: readonly ImageTargets[]
  readonly grid: Pyramid
  readonly config: RetinaNetConfig['loss']
  /** From the batch's positives to what losses are divided by, where they are not normalised per image. */
  readonly normaliser: (positives: number) => number
  /** Overwritten. */
  readonly gradients: HeadOutputs
}

/** @throws RangeError if a class lies outside K: these targets are for another model. */
export function retinanetLoss({ outputs, targets, grid, config, normaliser, gradients }: LossInput) {
  const anchors = grid.locations * ANCHORS_PER_LOCATION
  const classes = outputs.logits.length / anchors / targets.length
  const counts = targets.map(({ matched }) => matched.reduce((sum, gt) => sum + (gt >= 0 ? 1 : 0), 0))
  const positives = counts.reduce((sum, count) => sum + count, 0)
  const divisor = (image: number) =>
    config.per === 'image' ? Math.max(1, counts[image]) * targets.length : shared
  const shared = config.per === 'image' ? 0 : normaliser(positives)
  let [classification, box] = [0, 0]
  gradients.regression.fill(0)
  for (const [n, image] of targets.entries()) {
    const part = (values: Float32Array, width: number) =>
      values.subarray(n * anchors * width, (n + 1) * anchors * width)
    const classOf = image.matched.map((gt) => (gt < 0 ? gt : image.classes[gt]))
    const wrong = classOf.find((label) => label >= classes)
    if (wrong !== undefined) throw new RangeError(`class ${wrong} of ${classes}`)
    classification += focalLoss(
      part(outputs.logits, classes),
      classOf,
      { alpha: config.focalAlpha, gamma: config.focalGamma, normaliser: divisor(n) },
      part(gradients.logits, classes),
    )
    const [codes, gradient] = [part(outputs.regression, 4), part(gradients.regression, 4)]
    box += boxOf(config.box, codes, image, grid, divisor(n), gradient)
  }
  return { classification, box, positives }
}

/** The box loss of one image: codes [A,4] and their gradient, which is 0 so far. */
function boxOf(
  kind: RetinaNetConfig['loss']['box'],
  codes: Float32Array,
  { matched, boxes }: ImageTargets,
  grid: Pyramid,
  divisor: number,
  gradient: Float32Array,
): number {
  let loss = 0
  const target = new Float32Array(4)
  const decoded = emptyDecoded()
  const byLtrb = new Float64Array(4)
  for (const [anchor, gt] of matched.entries()) {
    if (gt < 0) continue
    const at = codeAnchor(anchorAt(grid, anchor))
    if (kind === 'l1') {
      encode(RETINANET_CODE, at, boxes, gt, target, 0)
      for (let k = 0; k < 4; k++) {
        const error = codes[anchor * 4 + k] - target[k]
        loss += Math.abs(error) / divisor
        gradient[anchor * 4 + k] = Math.sign(error) / divisor
      }
    } else {
      target.set([
        ...[at.x - boxes[gt * 4], at.y - boxes[gt * 4 + 1]],
        ...[boxes[gt * 4 + 2] - at.x, boxes[gt * 4 + 3] - at.y],
      ])
      decode(RETINANET_CODE, at, codes, anchor * 4, decoded)
      loss += boxLoss('giou', decoded.ltrb, target, undefined, divisor, byLtrb)
      codeGradient(decoded, byLtrb, 0, gradient, anchor * 4)
    }
  }
  return loss
}
