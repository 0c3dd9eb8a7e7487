/** One forward and backward pass over a batch: the losses, and the gradients of all trainable parameters. */
import type { Tensor4D } from '@tensorflow/tfjs-node-gpu'
import type { LabelledBoxes, Losses } from '../../../core/detectors/detector.ts'
import type { Size } from '../../../core/geometry/box.ts'
import type { PerTower } from '../model/head.ts'
import { likeOutputs, type Network } from '../model/network.ts'
import { Tape } from '../model/tape.ts'
import { tf } from '../tensor/tensorflow.ts'

export interface LossOptions {
  /** From the batch's number of positives to what losses are divided by. */
  readonly normaliser: (positives: number) => number
}

/** Adds to the gradients of trainable parameters. images [N,H,W,3] stay the caller's. */
export function lossAndGradients(
  model: Network,
  images: Tensor4D,
  labelled: readonly LabelledBoxes[],
  options: LossOptions,
): Losses {
  const tape = new Tape(true)
  const [, height, width] = images.shape
  return lossOfPredictions(model, tape, model.forward(tape, images), { width, height }, labelled, options)
}

/** The same from the predictions on, which it takes; `input` is the size of the images that gave them. */
export function lossOfPredictions(
  model: Network,
  tape: Tape,
  levels: readonly PerTower[],
  input: Size,
  labelled: readonly LabelledBoxes[],
  { normaliser }: LossOptions,
): Losses {
  const { config, detector, head, parameters } = model
  const outputs = model.read(levels)
  const grid = model.grid(input)
  const gradients = likeOutputs(outputs)
  const loss = detector.loss({
    config,
    grid,
    outputs,
    parameters: model.readParameters(),
    targets: labelled.map((image) => detector.targets(grid, config, image)),
    normaliser,
    gradients,
  })
  for (const { name, tensor, shape } of head.parameters) {
    parameters.get(tensor).addGradient(tf.tensor(loss.parameterGradients[name], [...shape]))
  }
  model.giveGradients(levels, gradients)
  for (const value of levels.flat()) value.release()
  tape.backward()
  return loss
}
