/** What `export-onnx` and `check-onnx` do. */
import type { Tensor } from 'onnxruntime-node'
import type {
  CheckOnnxRequest,
  ExportOnnxRequest,
  OnnxCheck,
  ScoredBox,
} from '../../../core/contract/engine.ts'
import type { Outputs } from '../../../core/detectors/detector.ts'
import { detectorOf } from '../../../core/detectors/detectors.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { CodedError, type WireError } from '../../../core/errors.ts'
import type { BoxXyxy } from '../../../core/geometry/box.ts'

import { replaceFile } from '../../files/replace-file.ts'
import { decodeImage } from '../../images/decode.ts'
import { type NetworkInput, preprocess } from '../data/preprocess.ts'
import { detectInput, detectionsIn } from '../detect/detect.ts'
import { evaluationOptions } from '../detect/options.ts'
import { imagesOf, type Runner } from '../detect/runner.ts'
import { tensorflowOrOnnx } from '../detect/runtimes.ts'
import { imageError } from '../detect/stream.ts'
import { readCheckpoint } from '../weights/checkpoint.ts'
import { differences } from './differences.ts'
import { exportedModel, IMAGE } from './model.ts'
import { onnxRunner, onnxVersion, openSession, tensorOf } from './session.ts'

/** @throws CodedError WEIGHTS_* as readCheckpoint, USAGE_ONNX, IO_DISK_FULL, IO_WRITE. */
export async function exportOnnx({
  model,
  out,
  raw,
  half,
  thresholds,
  card,
}: ExportOnnxRequest): Promise<null> {
  const checkpoint = await readCheckpoint(model)
  const told = {
    ...checkpoint,
    thresholds: thresholds ?? checkpoint.thresholds,
    card: card ?? checkpoint.card,
  }
  await replaceFile(
    out,
    exportedModel(told, { raw, half }, evaluationOptions(detectorOf(told.config))),
    `${out}.partial`,
  )
  return null
}

/**
 * Runs the file in ONNX Runtime and the checkpoint in this engine, on the same inputs: images at the model's input size, with
 * the padding as part of the picture, since the file cannot tell it from one.
 *
 * @param onImage is told how many images are done.
 * @throws CodedError WEIGHTS_*, ENGINE_CHECK where ONNX Runtime does not take the file.
 */
export async function checkOnnx(
  { model, file, images, raw, half }: CheckOnnxRequest,
  onImage: (done: number) => void,
  signal: AbortSignal,
): Promise<OnnxCheck> {
  const checkpoint = await readCheckpoint(model)
  const { config } = checkpoint
  const arePeaks = config.detector === 'centernet'
  // float16 rounds on purpose, so there it is the same rounded weights that have to give the same.
  const reference = await (half ? onnxRunner(checkpoint, { half }) : tensorflowOrOnnx(checkpoint))
  const session = await openSession(file).catch((cause: Error) => {
    throw new CodedError('ENGINE_CHECK', `ONNX Runtime does not take the file: ${cause.message}`, undefined, {
      cause,
    })
  })
  const runtime = `ONNX Runtime ${await onnxVersion()}`
  const skipped: WireError[] = []
  const check = { images: 0, detections: 0, box: 0, score: 0, differing: 0, skipped, runtime }
  try {
    for (const [index, path] of images.entries()) {
      if (signal.aborted) break
      const image = await decodeImage(path).catch(imageError)
      if (!('data' in image)) {
        skipped.push(image)
        onImage(index + 1)
        continue
      }
      const input = whole(preprocess([image], config.input))
      const [wanted] = await detectInput(reference, input, evaluationOptions(reference.detector))
      const outputs = await session.run({ [IMAGE]: await imageTensor(input, config) })
      const values = (name: string) => outputs[name].data as Float32Array
      const found = raw ? decoded(reference, input, (name) => values(name)) : listed(config, outputs)
      const options = evaluationOptions(reference.detector)
      const { box, score, unmatched } = differences(wanted, found, options, arePeaks)
      check.images++
      check.detections += wanted.length
      check.box = Math.max(check.box, box)
      check.score = Math.max(check.score, score)
      if (unmatched > 0) check.differing++
      onImage(index + 1)
    }
    return check
  } finally {
    reference.dispose()
    await session.release()
  }
}

const whole = ({ width, height, ...input }: NetworkInput): NetworkInput => ({
  ...{ ...input, width, height },
  sizes: input.sizes.map(() => ({ width, height })),
  scales: input.scales.map(() => ({ x: 1, y: 1 })),
})

/** Normalised [H, W, 3] back to RGB in 0…1, [1, 3, H, W]. */
function imageTensor({ images, width, height }: NetworkInput, { input: { mean, std } }: ModelConfig) {
  const pixels = width * height
  const planes = new Float32Array(3 * pixels)
  for (let i = 0; i < pixels; i++)
    for (let c = 0; c < 3; c++) planes[c * pixels + i] = images[i * 3 + c] * std[c] + mean[c]
  return tensorOf(planes, [1, 3, height, width])
}

function decoded(runner: Runner, input: NetworkInput, values: (name: string) => Float32Array): ScoredBox[] {
  const { detector, config } = runner
  const { towers, parameters } = detector.head(config)
  const outputs: Outputs = Object.fromEntries(
    towers.flatMap((tower) => tower.outputs.map(({ name }) => [name, values(name)])),
  )
  const raw = {
    grid: detector.grid(input, config),
    parameters: Object.fromEntries(parameters.map(({ name }) => [name, values(name)])),
    images: imagesOf(1, outputs, new Float32Array()),
  }
  return detectionsIn(runner, raw, input, evaluationOptions(detector))[0]
}

/** What the outputs of an exported model say of a batch of one. */
export function listed(
  { classes }: ModelConfig,
  { boxes, scores, labels, outlines }: Readonly<Record<string, Pick<Tensor, 'data' | 'dims'>>>,
): ScoredBox[] {
  const rows = ({ data, dims }: Pick<Tensor, 'data' | 'dims'>, i: number) => {
    const width = dims.slice(1).reduce((product, size) => product * size, 1)
    return [...(data as Float32Array).subarray(i * width, (i + 1) * width)]
  }
  return Array.from(scores.data as Float32Array, (score, i) => ({
    score,
    categoryId: classes[Number(labels.data[i])].id,
    box: rows(boxes, i) as unknown as BoxXyxy,
    ...(outlines && { segmentation: [rows(outlines, i)] }),
  }))
}
