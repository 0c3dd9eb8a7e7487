import type { TrainingInput, TrainingInputRequest } from '../../../core/contract/engine.ts'
import type { InputConfig } from '../../../core/detectors/model-config.ts'
import { WHOLE_IMAGES } from '../../../core/training/tiles.ts'
import { BatchMaker } from './batch.ts'
import { trainingCanvas } from './canvas.ts'
import { seenSize, tileOf, trainingSamples } from './samples.ts'

/**
 * One input as the loader makes it for a run, from the part of the run that has mosaics.
 * @throws CodedError of the image's file
 */
export async function trainingInput({
  data,
  input,
  augment,
  seed,
  tile,
}: TrainingInputRequest): Promise<TrainingInput> {
  const bad: { error?: unknown } = {}
  const whole = trainingSamples(data, data.categories, WHOLE_IMAGES)
  const samples = tile ? whole.map((of) => tileOf(of, tile, augment.minVisible)) : whole
  const plan = {
    samples,
    canvas: trainingCanvas(samples.map(seenSize), input),
    ...{ input, augment, seed, batchSize: 1, totalSteps: 1, copies: null },
  }
  const maker = new BatchMaker(plan, 0, (_, error) => {
    bad.error ??= error
  })
  const batch = await maker.make(0).catch((error: unknown) => {
    throw bad.error ?? error
  })
  const { width, height, images, droppedBoxes } = batch
  return {
    ...{ width, height, droppedBoxes, pixels: toPixels(images, input) },
    boxes: batch.boxes[0],
    classes: batch.classes[0],
    outlines: batch.outlines[0],
  }
}

/** Undoes the normalisation. */
function toPixels(normalised: Float32Array, { mean, std }: InputConfig): Uint8Array<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(normalised.length)
  for (let i = 0; i < pixels.length; i++) pixels[i] = 255 * (normalised[i] * std[i % 3] + mean[i % 3])
  return new Uint8Array(pixels.buffer)
}
