/** From decoded images to detections in source pixels. */
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { ScoredBox } from '../../../core/contract/engine.ts'
import { decodeDetections } from '../../../core/fcos/decode.ts'
import { pyramid } from '../../../core/fcos/levels.ts'
import type { RgbImage } from '../data/decode.ts'
import { type NetworkInput, preprocess } from '../data/preprocess.ts'
import type { Fcos } from '../model/fcos.ts'
import { Tape } from '../model/tape.ts'
import { tf } from '../tensor/tensorflow.ts'

export interface DetectionOptions {
  /** Least score, sqrt(class probability · centerness). */
  readonly score: number
  /** Class-wise NMS suppresses boxes that overlap a better one by more than this IoU. */
  readonly nms: number
  /** Most detections per image. */
  readonly limit: number
}

/** torchvision's defaults but for the score, which is low enough for a whole precision-recall curve. */
export const EVALUATION_OPTIONS: DetectionOptions = { score: 0.05, nms: 0.6, limit: 100 }
const CANDIDATES_PER_LEVEL = 1000

/** Images of one batch should have one size: padding takes part in GroupNorm's statistics. */
export function detect(model: Fcos, images: readonly RgbImage[], options: DetectionOptions): ScoredBox[][] {
  return detectInput(model, preprocess(images, model.config.input), options)
}

/** Boxes in source pixels, best first. */
export function detectInput(model: Fcos, input: NetworkInput, options: DetectionOptions): ScoredBox[][] {
  const { config, parameters } = model
  const { width, height, sizes, scales } = input
  const tensor = tf.tensor4d(input.images, [sizes.length, height, width, 3]) as Tensor4D
  const tape = new Tape(false)
  const levels = model.forward(tape, tensor)
  const outputs = model.read(levels)
  for (const { classification, regression } of levels) {
    classification.release()
    regression.release()
  }
  tensor.dispose()

  const grid = pyramid({ width, height }, config.assignment.location)
  const levelScales = parameters.find('head.regression_head.scales')?.value.dataSync() as
    | Float32Array
    | undefined
  const classes = config.classes.length
  return sizes.map((image, n) => {
    const of = (values: Float32Array, columns: number) => {
      const length = grid.locations * columns
      return values.subarray(n * length, (n + 1) * length)
    }
    const { boxes, scores, labels } = decodeDetections(
      {
        logits: of(outputs.logits, classes),
        regression: of(outputs.regression, 4),
        centerness: of(outputs.centerness, 1),
      },
      {
        pyramid: grid,
        distance: config.head.distance,
        scales: levelScales,
        image,
        scoreThreshold: options.score,
        candidatesPerLevel: CANDIDATES_PER_LEVEL,
        nmsThreshold: options.nms,
        maxDetections: options.limit,
      },
    )
    const { x, y } = scales[n]
    return Array.from(scores, (score, i): ScoredBox => {
      const [x1, y1, x2, y2] = boxes.subarray(i * 4, i * 4 + 4)
      return {
        box: [x1 * x, y1 * y, x2 * x, y2 * y],
        categoryId: config.classes[labels[i]].id,
        score,
      }
    })
  })
}
