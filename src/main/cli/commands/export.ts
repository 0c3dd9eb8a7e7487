/** `fcos export`: a model as a file for other programs. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ModelExport } from '../../../core/contract/studio/exports.ts'
import { describe } from '../../../core/errors.ts'
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
  readonly images?: readonly string[]
  /** Number of images for the check. */
  readonly check: number
  readonly overwrite?: boolean
}

const SAMPLE = fileURLToPath(new URL('../../../../resources/sample/images', import.meta.url))

/** @throws CodedError USAGE_*, DATA_EXISTS, WEIGHTS_*, ENGINE_*, RUNTIME_*, IO_*. */
export async function runExport(options: ExportOptions, progress: Progress): Promise<ModelExport> {
  const { model, out, check, raw = false, half = false, overwrite = false } = options
  requireWeightsFile(model, 'USAGE_NO_FILE')
  await requireIntactWeights(model)
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
            overwrite,
            onnx: { raw, half },
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
  const seen = run ? (run.validation ?? run.data).images.map((image) => image.path).filter(existsSync) : []
  if (seen.length > 0) return seen
  progress.say(
    'Checking on images of the sample: where the model finds nothing in them, give others with --images',
  )
  return (await findImages([SAMPLE])).map((image) => image.path)
}

function evenly(all: readonly string[], count: number): string[] {
  const most = Math.min(count, all.length)
  return Array.from({ length: most }, (_, i) => all[Math.floor((i * all.length) / most)]!)
}

export function renderExport({ files, bytes, check }: ModelExport): string {
  const written = `${files[0]}, ${(bytes / 1e6).toFixed(1)} MB`
  if (!check) return `${written}, not checked`
  const { images, detections, apart, engine, skipped } = check
  const unread = skipped.map((error) => `\nNot compared: ${describe(error)}`).join('')
  const where = `${countOf(images, 'image')} in ${engine}`
  if (detections === 0)
    return `${written}\nThe model finds nothing in ${where}, so the check says little: give other --images${unread}`
  const most = apart
    ? `, at most ${apart.box.toPrecision(2)} px and ${apart.score.toPrecision(2)} of score apart`
    : ''
  return `${written}\nChecked: the same ${countOf(detections, 'detection')} in ${where}${most}${unread}`
}
