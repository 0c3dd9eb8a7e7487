/** What `export-onnx` and `check-onnx` do. */
import type { Tensor } from 'onnxruntime-node'
import type {
  Calibration,
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
import { learntSide, learntTiling, tilesInCheckpoint } from '../detect/learnt-side.ts'
import { evaluationOptions } from '../detect/options.ts'
import { imagesOf, type Runner } from '../detect/runner.ts'
import { tensorflowOrOnnx } from '../detect/runtimes.ts'
import { imageError } from '../detect/stream.ts'
import { readCheckpoint } from '../weights/checkpoint.ts'
import { calibrator } from './calibrate.ts'
import { Agreeing, differences } from './differences.ts'
import { exportedModel, IMAGE } from './model.ts'
import { imageTensor, onnxRunner, onnxVersion, openSession } from './session.ts'

/**
 * @param onImage is told how many images int8 was calibrated on.
 * @returns null for other precisions.
 * @throws CodedError WEIGHTS_* as readCheckpoint, USAGE_ONNX, IO_DISK_FULL, IO_WRITE; for int8 as calibrator.
 */
export async function exportOnnx(
  { model, out, raw, precision, calibration, thresholds, card }: ExportOnnxRequest,
  onImage: (done: number) => void,
  signal: AbortSignal,
): Promise<Calibration | null> {
  const checkpoint = await readCheckpoint(model)
  const told = {
    ...checkpoint,
    thresholds: thresholds ?? checkpoint.thresholds,
    card: card ?? checkpoint.card,
    training: tilesInCheckpoint(await learntSide(model, checkpoint), learntTiling(checkpoint)),
  }
  let calibrated: Calibration | null = null
  const calibrate = calibrator({ checkpoint, path: model, images: calibration, onImage, signal }, (done) => {
    calibrated = done
  })
  const options = evaluationOptions(detectorOf(told.config))
  await replaceFile(out, await exportedModel(told, { raw, precision }, options, calibrate), `${out}.partial`)
  return calibrated
}

/**
 * Runs the file in ONNX Runtime and the checkpoint in this engine, on the same inputs: images at the model's input size, with
 * the padding as part of the picture, since the file cannot tell it from one.
 *
 * @param onImage is told how many images are done.
 * @throws CodedError WEIGHTS_*, ENGINE_CHECK where ONNX Runtime does not take the file.
 */
export async function checkOnnx(
  { model, file, images, raw, precision, thresholds }: CheckOnnxRequest,
  onImage: (done: number) => void,
  signal: AbortSignal,
): Promise<OnnxCheck> {
  const checkpoint = await readCheckpoint(model)
  const { config } = checkpoint
  const arePeaks = config.detector === 'centernet'
  // float16 rounds on purpose, so there it is the same rounded weights that have to give the same.
  const reference = await (precision === 'float16'
    ? onnxRunner(checkpoint, { half: true })
    : tensorflowOrOnnx(checkpoint))
  const agreement =
    precision === 'int8' ? new Agreeing(config.classes, thresholds ?? checkpoint.thresholds) : null
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
      check.images++
      check.detections += wanted.length
      onImage(index + 1)
      if (agreement) {
        agreement.add(wanted, found)
        continue
      }
      const { box, score, unmatched } = differences(wanted, found, options, arePeaks)
      check.box = Math.max(check.box, box)
      check.score = Math.max(check.score, score)
      if (unmatched > 0) check.differing++
    }
    return { ...check, agreement: agreement?.result ?? null }
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
