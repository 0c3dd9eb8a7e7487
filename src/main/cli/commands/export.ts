/** `fcos export`: a model as a file for other programs. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { EngineData } from '../../../core/contract/engine.ts'
import {
  CALIBRATION_IMAGES,
  FEW_CALIBRATION_IMAGES,
  type ModelCheck,
  type ModelExport,
} from '../../../core/contract/studio/exports.ts'
import { CodedError, describe } from '../../../core/errors.ts'
import { countOf } from '../../../core/words.ts'
import { requireWeightsFile } from '../../files/weights-file.ts'
import { requireIntactWeights } from '../../setup/weights.ts'
import { startEngine } from '../../studio/engine/spawn.ts'
import { exportModel } from '../../studio/exports/export-model.ts'
import { readSnapshot } from '../../studio/runs/snapshot.ts'
import { findImages } from '../detection/inputs.ts'
import { interruptible } from '../interrupt.ts'
import type { Progress } from '../progress.ts'

export interface ExportOptions {
  readonly model: string
  readonly out: string
  readonly raw?: boolean
  readonly half?: boolean
  readonly int8?: boolean
  /** Images or data sets to calibrate int8 on. */
  readonly calibrate?: readonly string[]
  /** Number of them. */
  readonly calibrationImages: number
  readonly images?: readonly string[]
  /** Number of images for the check. */
  readonly check: number
  readonly overwrite?: boolean
}

const SAMPLE = fileURLToPath(new URL('../../../../resources/sample/images', import.meta.url))

/** @throws CodedError USAGE_*, DATA_EXISTS, WEIGHTS_*, ENGINE_*, RUNTIME_*, IO_*. */
export async function runExport(options: ExportOptions, progress: Progress): Promise<ModelExport> {
  const { model, out, check, raw = false, half, int8, overwrite = false } = options
  requireWeightsFile(model, 'USAGE_NO_FILE')
  await requireIntactWeights(model)
  const precision = int8 ? 'int8' : half ? 'float16' : 'float32'
  const calibration = await calibrationFor(options, progress)
  const images = check === 0 ? [] : evenly(await imagesFor(options, progress), check)
  try {
    return await interruptible(
      (line) => progress.say(line),
      (signal) =>
        exportModel(
          startEngine,
          {
            model: path.resolve(model),
            out,
            card: null,
            thresholds: null,
            images,
            calibration,
            overwrite,
            onnx: { raw, precision },
          },
          { signal, report: (share, detail) => progress.update(Math.round(100 * (share ?? 0)), 100, detail) },
        ),
    )
  } finally {
    progress.end()
  }
}

async function imagesFor({ model, images }: ExportOptions, progress: Progress): Promise<string[]> {
  if (images) return (await findImages(images)).map((image) => image.path)
  const run = readSnapshot(path.dirname(model))
  const seen = run ? presentOf(run.validation ?? run.data) : []
  if (seen.length > 0) return seen
  progress.say(
    'Checking on images of the sample: where the model finds nothing in them, give others with --images',
  )
  return (await findImages([SAMPLE])).map((image) => image.path)
}

async function calibrationFor(options: ExportOptions, progress: Progress): Promise<string[]> {
  const { model, int8, calibrate, calibrationImages: count } = options
  if (!int8 && calibrate)
    throw new CodedError(
      'USAGE_CALIBRATION',
      'Only int8 is calibrated',
      'Add --int8, or leave --calibrate out',
    )
  if (!int8) return []
  if (calibrate)
    return evenly(
      (await findImages(calibrate)).map((image) => image.path),
      count,
    )
  const run = readSnapshot(path.dirname(model))
  const seen = run ? presentOf(run.data) : []
  if (run && seen.length < run.data.images.length)
    progress.say(
      `Of the ${run.data.images.length} images that the model was trained on, ${run.data.images.length - seen.length} are no longer there`,
    )
  if (seen.length > 0) return evenly(seen, count)
  throw new CodedError(
    'USAGE_CALIBRATION',
    'int8 has to be calibrated on images, and those that the model was trained on are not known here',
    'Give some of the kind that it is for with --calibrate',
  )
}

const presentOf = ({ images }: EngineData): string[] => images.map((image) => image.path).filter(existsSync)

function evenly(all: readonly string[], count: number): string[] {
  const most = Math.min(count, all.length)
  return Array.from({ length: most }, (_, i) => all[Math.floor((i * all.length) / most)]!)
}

export function renderExport({ files, bytes, check, calibration }: ModelExport): string {
  return [
    `${files[0]}, ${(bytes / 1e6).toFixed(1)} MB${check ? '' : ', not checked'}`,
    ...(calibration ? calibrationLines(calibration) : []),
    ...(check ? [checkLine(check), ...check.skipped.map((error) => `Not compared: ${describe(error)}`)] : []),
  ].join('\n')
}

function calibrationLines({ images, skipped }: NonNullable<ModelExport['calibration']>): string[] {
  const few = images < FEW_CALIBRATION_IMAGES ? `, which are few: ${CALIBRATION_IMAGES} are advised` : ''
  return [
    `Calibrated on ${countOf(images, 'image')}${few}`,
    ...skipped.map((error) => `Not calibrated on: ${describe(error)}`),
  ]
}

function checkLine({ images, detections, apart, agreement, engine }: ModelCheck): string {
  const where = `${countOf(images, 'image')} in ${engine}`
  if (agreement?.confident === 0)
    return `The model finds nothing with confidence in ${where}, so the check says little: give other --images`
  if (agreement)
    return (
      `Checked: ${agreement.found} of ${agreement.confident} confident detections agree in ${where}; ` +
      `their mean IoU is ${agreement.overlap.toFixed(3)}, and scores differ by ${agreement.score.toPrecision(2)}`
    )
  if (detections === 0)
    return `The model finds nothing in ${where}, so the check says little: give other --images`
  const most = apart
    ? `, at most ${apart.box.toPrecision(2)} px and ${apart.score.toPrecision(2)} of score apart`
    : ''
  return `Checked: the same ${countOf(detections, 'detection')} in ${where}${most}`
}
