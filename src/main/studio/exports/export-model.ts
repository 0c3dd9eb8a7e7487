/**
 * Exports a model as one file with its card and thresholds. A fresh engine tests the file before it is put in place.
 */
import { mkdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { ModelCheck, ModelExport } from '../../../core/contract/studio/exports.ts'
import type { ParsedParams } from '../../../core/contract/studio.ts'
import { CodedError } from '../../../core/errors.ts'
import { countOf } from '../../../core/words.ts'
import { replaceFile, requireFree, settleFile, unfinished, writeError } from '../../files/replace-file.ts'
import type { Engine } from '../engine/client.ts'
import { aboutCheckpoint } from '../engine/weights-file.ts'
import type { JobContext } from '../jobs.ts'
import { differing, errorsOf, type Found, findAll, isRead } from './check-model.ts'

export interface ModelExportOptions
  extends Omit<ParsedParams<'exports.model'>, 'check' | 'calibrate' | 'card'> {
  /** Null keeps the model's own card and writes none beside the file. */
  readonly card: string | null
  /** Image files for the check; without any, nothing is checked. */
  readonly images: readonly string[]
  /** Image files that int8 is calibrated on; none for anything else. */
  readonly calibration: readonly string[]
}

/** Share of the progress of each of the two passes over the images. */
const PASS = 0.45

/** Errors: those of exports.model, and the signal's reason. Whatever goes wrong, nothing is left behind. */
export async function exportModel(
  start: () => Promise<Engine>,
  { out: name, overwrite, ...options }: ModelExportOptions,
  control: JobContext,
): Promise<ModelExport> {
  const extension = options.onnx ? '.onnx' : '.safetensors'
  const out = name.toLowerCase().endsWith(extension) ? name : `${name}${extension}`
  const text = `${out.slice(0, -extension.length)}.md`
  const { model, card, images, calibration } = options
  const files = card === null ? [out] : [out, text]
  for (const file of files) requireFree(file, overwrite)
  await mkdir(path.dirname(out), { recursive: true }).catch((error) => {
    throw writeError(out, error)
  })
  const thresholds = options.thresholds && (await inOrder(model, options.thresholds))
  const partial = unfinished(out)
  const { signal, report } = control
  const work: Work = {
    ...{ model, partial, images, calibration, thresholds, card, signal },
    async inEngine(body) {
      signal.throwIfAborted()
      const engine = await start()
      try {
        return await body(engine)
      } finally {
        await engine.close()
      }
    },
    through:
      (from, share, what, count = images.length) =>
      (done) =>
        report(from + (share * done) / count, `${what}, image ${done} of ${count}`),
  }
  try {
    report(0, 'Starting the engine')
    const { check, calibration: calibrated } = options.onnx
      ? await writeOnnx(work, options.onnx)
      : { check: await writeWeights(work), calibration: null }
    signal.throwIfAborted()
    if (check && isUnlike(check)) throw unlike(check)
    if (check && check.images === 0) throw unchecked(check)
    const { size } = await stat(partial)
    await settleFile(partial, out)
    if (card !== null) await replaceFile(text, card)
    return { files, bytes: size, check, calibration: calibrated }
  } finally {
    await rm(partial, { force: true }).catch(() => undefined)
  }
}

interface Work {
  readonly model: string
  /** Temporary path of the file. */
  readonly partial: string
  readonly images: readonly string[]
  readonly calibration: readonly string[]
  readonly thresholds: number[] | null
  readonly card: string | null
  readonly signal: AbortSignal
  /** Runs `body` with an engine of its own. */
  inEngine<T>(body: (engine: Engine) => Promise<T>): Promise<T>
  /** Reports a share of the progress over the images of the check, or `count` others. */
  through(from: number, share: number, what: string, count?: number): (done: number) => void
}

async function writeWeights(work: Work): Promise<ModelCheck | null> {
  const { model, partial, images, thresholds, card, signal, through } = work
  const files = images.map((path) => ({ path }))
  const wanted = await work.inEngine(async (engine): Promise<Found> => {
    const found =
      files.length > 0 ? await findAll(engine, model, files, signal, through(0, PASS, 'The model')) : []
    await engine.call({ method: 'export-model', model, out: partial, thresholds, card }, () => {}, signal)
    return found
  })
  if (images.length === 0) return null
  return work.inEngine(async (engine) => {
    const onImage = through(PASS, PASS, 'The file, in a fresh engine')
    const found = await findAll(engine, partial, files, signal, onImage)
    const { tensorflow, device } = engine.hello
    const read = found.filter(isRead)
    return {
      images: read.length,
      detections: read.reduce((sum, boxes) => sum + boxes.length, 0),
      differing: differing(wanted, found),
      skipped: errorsOf(found),
      ...{ apart: null, agreement: null },
      engine: `TensorFlow ${tensorflow}, ${device.toUpperCase()}`,
    }
  })
}

async function writeOnnx(work: Work, { raw, precision }: NonNullable<ModelExportOptions['onnx']>) {
  const { model, partial, images, calibration, thresholds, card, signal } = work
  const form = { raw, precision, thresholds }
  const checkFrom = calibration.length > 0 ? PASS : 0
  const calibrated = await work.inEngine((engine) => {
    const onImage = work.through(0, checkFrom, 'Calibrating', calibration.length)
    return engine.call(
      { ...{ method: 'export-onnx', model, out: partial, card }, ...form, calibration: [...calibration] },
      (event) => event.kind === 'calibrated' && onImage(event.done),
      signal,
    )
  })
  if (images.length === 0) return { check: null, calibration: calibrated }
  const check = await work.inEngine(async (engine): Promise<ModelCheck> => {
    const share = 2 * PASS - checkFrom
    const onImage = work.through(checkFrom, share, 'The file in ONNX Runtime, beside the model')
    const { box, score, runtime, ...counts } = await engine.call(
      { ...{ method: 'check-onnx', model, file: partial, images: [...images] }, ...form },
      (event) => event.kind === 'checked' && onImage(event.done),
      signal,
    )
    return { ...counts, apart: counts.agreement ? null : { box, score }, engine: runtime }
  })
  return { check, calibration: calibrated }
}

/** In the order of the model's outputs. Throws USAGE_THRESHOLDS. */
async function inOrder(
  model: string,
  thresholds: NonNullable<ParsedParams<'exports.model'>['thresholds']>,
): Promise<number[]> {
  const scores = new Map(thresholds.map(({ classId, score }) => [classId, score]))
  const classes = (await aboutCheckpoint(model))?.config.classes ?? []
  const lacking = classes.find(({ id }) => !scores.has(id))
  if (lacking === undefined && classes.length > 0) return classes.map(({ id }) => scores.get(id)!)
  const what = lacking
    ? `There is no threshold for ${lacking.name}`
    : 'These weights do not name their classes'
  throw new CodedError('USAGE_THRESHOLDS', what, 'Give one for each class, or none')
}

/** Share of the confident detections that a quantised model has to find too, … */
const AGREEING = 0.95
/** … of which so many may be missing where there are few. */
const FEW_MISSING = 2

const isUnlike = ({ differing: count, agreement }: ModelCheck): boolean =>
  agreement
    ? agreement.found < AGREEING * agreement.confident && agreement.confident - agreement.found > FEW_MISSING
    : count > 0

const KEPT = 'No file was written, and the model is unchanged'

function unlike({ differing: count, agreement, images, skipped, engine }: ModelCheck): CodedError {
  if (agreement)
    return new CodedError(
      'ENGINE_CHECK',
      `In int8 the model changes too much: ${engine} agrees in ${agreement.found} of ${agreement.confident} confident detections in ${countOf(images, 'image')}, and ${100 * AGREEING} % are needed`,
      `${KEPT}. Calibrate on more images of the kind that it is for, or export without int8`,
    )
  return new CodedError(
    'ENGINE_CHECK',
    `With the exported file, ${engine} finds different boxes in ${count} of ${images + skipped.length} images`,
    `${KEPT}. Try again while nothing else uses the device`,
  )
}

/** Not one image could be read, so nothing was compared. */
function unchecked({ skipped }: ModelCheck): CodedError {
  const { code, message } = skipped[0]!
  const others = skipped.length > 1 ? ` (and ${countOf(skipped.length - 1, 'other image')})` : ''
  return new CodedError(
    code,
    `The exported file was not checked, because no image could be read: ${message}${others}`,
    `${KEPT}. Check on other images, or export without a check`,
  )
}
