/**
 * Int8 beside float32: exports a model in both, detects in a data set with each in turn, and prints sizes, times and AP.
 *
 *   node tests/bench/int8.bench.ts MODEL DATASET CALIBRATION
 *
 * CALIBRATION are the images that int8 is calibrated on, 50 of them, evenly; both are named as for `fcos detect`.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CALIBRATION_IMAGES } from '../../src/core/contract/studio/exports.ts'
import { detectorOf } from '../../src/core/detectors/detectors.ts'
import { evaluate } from '../../src/core/evaluation/coco-metrics.ts'
import type { Detection } from '../../src/core/formats/detection.ts'
import { findImages } from '../../src/main/cli/detection/inputs.ts'
import { preprocess } from '../../src/main/engine/data/preprocess.ts'
import { exportOnnx, listed } from '../../src/main/engine/onnx/export.ts'
import { IMAGE } from '../../src/main/engine/onnx/model.ts'
import { imageTensor, openSession } from '../../src/main/engine/onnx/session.ts'
import { readCheckpoint } from '../../src/main/engine/weights/checkpoint.ts'
import { decodeImage } from '../../src/main/images/decode.ts'
import { loadLabels } from '../../src/main/studio/project/index.ts'

const [model, data, calibration] = process.argv.slice(2)
if (!model || !data || !calibration) throw new Error('Give MODEL, DATASET and CALIBRATION')

const { config } = await readCheckpoint(model)
const { dataset, imageRoot } = await loadLabels(data)
/** The model's classes in the data set, by name. */
const categories = new Map(
  config.classes.map(({ id, name }) => [id, dataset.categories.find((of) => of.name === name)?.id ?? -1]),
)
const all = await findImages([calibration])
const most = Math.min(CALIBRATION_IMAGES, all.length)
const calibrating = Array.from({ length: most }, (_, i) => all[Math.floor((i * all.length) / most)]!.path)
const folder = await mkdtemp(join(tmpdir(), 'fcos-int8-'))
const forms = ['float32', 'int8'] as const
const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

try {
  const opened = []
  for (const precision of forms) {
    const out = join(folder, `${precision}.onnx`)
    const request = { model, out, raw: false, precision, thresholds: null, card: null } as const
    const { signal } = new AbortController()
    await exportOnnx({ method: 'export-onnx', ...request, calibration: calibrating }, () => {}, signal)
    const { size } = await stat(out)
    opened.push({ precision, size, session: await openSession(out), detections: [] as Detection[] })
  }
  const times: { wall: number; cpu: number }[][] = forms.map(() => [])
  for (const { id, fileName } of dataset.images) {
    const input = preprocess([await decodeImage(join(imageRoot, fileName))], config.input)
    const [{ width, height }, { x, y }] = [input.sizes[0]!, input.scales[0]!]
    const tensor = await imageTensor(input, config)
    for (const [i, { session, detections }] of opened.entries()) {
      const [start, before] = [performance.now(), process.cpuUsage()]
      const outputs = await session.run({ [IMAGE]: tensor })
      const { user, system } = process.cpuUsage(before)
      times[i]!.push({ wall: performance.now() - start, cpu: (user + system) / 1000 })
      for (const { box, score, categoryId } of listed(config, outputs)) {
        const [x1, y1] = [Math.min(box[0], width) * x, Math.min(box[1], height) * y]
        const [x2, y2] = [Math.min(box[2], width) * x, Math.min(box[3], height) * y]
        detections.push({
          imageId: id,
          categoryId: categories.get(categoryId)!,
          box: [x1, y1, x2 - x1, y2 - y1],
          score,
        })
      }
    }
  }
  const ratio = (of: 'wall' | 'cpu') => median(times[0]!.map((one, i) => one[of] / times[1]![i]![of]))
  for (const [i, { precision, size, detections }] of opened.entries()) {
    const { stats } = evaluate(dataset, detections)
    const best = Math.min(...times[i]!.map(({ wall }) => wall))
    const figures = [`${(size / 1e6).toFixed(1)} MB`, `best ${best.toFixed(1)} ms`]
    console.log(precision, ...figures, `AP ${stats[0]!.toFixed(3)}, AP50 ${stats[1]!.toFixed(3)}`)
  }
  console.log(
    `${detectorOf(config).title}: int8 is ${ratio('wall').toFixed(2)} times as fast (median of pairs, ` +
      `${ratio('cpu').toFixed(2)} by processor time), calibrated on ${most} images`,
  )
} finally {
  await rm(folder, { recursive: true })
}
