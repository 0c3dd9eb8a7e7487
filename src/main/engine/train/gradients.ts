/** One pass forward and back over a batch: losses, and the gradients of everything that learns. */
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import { assign } from '../../../core/detectors/fcos/assign.ts'
import { type FcosLoss, fcosLoss, type ImageTargets } from '../../../core/detectors/fcos/loss.ts'
import { positives } from '../../../core/detectors/fcos/targets.ts'
import { type Pyramid, pyramid } from '../../../core/pyramid/levels.ts'
import { allocateOutputs, type Fcos } from '../model/fcos.ts'
import type { LevelOutputs } from '../model/head.ts'
import { Tape } from '../model/tape.ts'
import { tf } from '../tensor/tensorflow.ts'

/** One image's ground truth, in pixels of the network's input. */
export interface LabelledBoxes {
  /** [N·4] x1, y1, x2, y2 */
  readonly boxes: Float32Array
  /** [N] indices of ModelConfig.classes */
  readonly classes: Int32Array
}

export interface LossOptions {
  /** From the batch's number of positives to what losses are divided by. */
  readonly normaliser: (positives: number) => number
}

/** Adds to the gradients of trainable parameters. images [N,H,W,3] stay the caller's. */
export function lossAndGradients(
  model: Fcos,
  images: Tensor4D,
  labelled: readonly LabelledBoxes[],
  options: LossOptions,
): FcosLoss {
  const tape = new Tape(true)
  const [, height, width] = images.shape
  return lossOfPredictions(model, tape, model.forward(tape, images), { width, height }, labelled, options)
}

/** The same from the predictions on, which it takes; `input` is the size of the images that gave them. */
export function lossOfPredictions(
  model: Fcos,
  tape: Tape,
  levels: readonly LevelOutputs[],
  input: { readonly width: number; readonly height: number },
  labelled: readonly LabelledBoxes[],
  { normaliser }: LossOptions,
): FcosLoss {
  const { config, parameters } = model
  const outputs = model.read(levels)
  const grid = pyramid(input, config.assignment.location)
  const targets = labelled.map((image) => targetsOf(model, grid, image))
  const count = targets.reduce((sum, image) => sum + image.positives.location.length, 0)
  const gradients = allocateOutputs(labelled.length, grid.locations, config.classes.length)
  const scales = parameters.find('head.regression_head.scales')
  const loss = fcosLoss({
    outputs,
    targets,
    pyramid: grid,
    distance: config.head.distance,
    scales: scales?.value.dataSync() as Float32Array | undefined,
    config: config.loss,
    normaliser: normaliser(count),
    gradients,
  })
  scales?.addGradient(tf.tensor1d(Float32Array.from(loss.scaleGradient)))
  model.giveGradients(levels, gradients)
  for (const { classification, regression } of levels) {
    classification.release()
    regression.release()
  }
  tape.backward()
  return loss
}

function targetsOf(model: Fcos, grid: Pyramid, { boxes, classes }: LabelledBoxes): ImageTargets {
  const matched = assign(grid, model.config.assignment, boxes)
  return { positives: positives(grid, boxes, matched), classes }
}
