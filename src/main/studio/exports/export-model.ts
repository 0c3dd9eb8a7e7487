/** A model on its way out: one file with its card and thresholds, tried by a fresh engine before it is put in place. */
import { rm, stat } from 'node:fs/promises'
import type { ModelCheck, ModelExport } from '../../../core/contract/studio/exports.ts'
import type { ParsedParams } from '../../../core/contract/studio.ts'
import { CodedError } from '../../../core/errors.ts'
import { replaceFile, requireFree, settleFile, unfinished } from '../../files/replace-file.ts'
import type { Engine } from '../engine/client.ts'
import { aboutCheckpoint } from '../engine/weights-file.ts'
import type { JobContext } from '../jobs.ts'
import { differing, type Found, findAll } from './check-model.ts'

export interface ModelExportOptions extends Omit<ParsedParams<'exports.model'>, 'check'> {
  /** Image files for the check; none: no check. */
  readonly images: readonly string[]
}

/** Shares of the progress that the two passes over the images take. */
const PASS = 0.45

/** Errors: those of exports.model, and the signal's reason. Whatever goes wrong, nothing is left behind. */
export async function exportModel(
  start: () => Promise<Engine>,
  { model, out: name, card, images, overwrite, ...options }: ModelExportOptions,
  { signal, report }: JobContext,
): Promise<ModelExport> {
  const out = /\.safetensors$/i.test(name) ? name : `${name}.safetensors`
  const text = out.replace(/\.safetensors$/i, '.md')
  for (const file of [out, text]) requireFree(file, overwrite)
  const thresholds = options.thresholds && (await inOrder(model, options.thresholds))
  const partial = unfinished(out)
  const inEngine = async <T>(work: (engine: Engine) => Promise<T>): Promise<T> => {
    signal.throwIfAborted()
    const engine = await start()
    try {
      return await work(engine)
    } finally {
      await engine.close()
    }
  }
  const through = (from: number, what: string) => (done: number) =>
    report(from + (PASS * done) / images.length, `${what}, image ${done} of ${images.length}`)
  try {
    report(0, 'Starting the engine')
    const wanted = await inEngine(async (engine): Promise<Found> => {
      const found =
        images.length > 0 ? await findAll(engine, model, images, signal, through(0, 'The model')) : []
      await engine.call({ method: 'export-model', model, out: partial, thresholds, card }, () => {}, signal)
      return found
    })
    const check =
      images.length === 0
        ? null
        : await inEngine(async (engine): Promise<ModelCheck> => {
            const found = await findAll(
              engine,
              partial,
              images,
              signal,
              through(PASS, 'The file, in a fresh engine'),
            )
            const { tensorflow, device } = engine.hello
            return {
              images: images.length,
              detections: found.reduce((sum, boxes) => sum + (boxes?.length ?? 0), 0),
              differing: differing(wanted, found),
              engine: `TensorFlow ${tensorflow}, ${device.toUpperCase()}`,
            }
          })
    if (check && check.differing > 0) throw unlike(check)
    signal.throwIfAborted()
    const { size } = await stat(partial)
    await settleFile(partial, out)
    await replaceFile(text, card)
    return { files: [out, text], bytes: size, check }
  } finally {
    await rm(partial, { force: true }).catch(() => undefined)
  }
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

const unlike = ({ differing: count, images }: ModelCheck): CodedError =>
  new CodedError(
    'ENGINE_CHECK',
    `With the exported file, a fresh engine finds different boxes in ${count} of ${images} images`,
    'No file was written, and the model is unchanged. Try again while nothing else uses the device',
  )
