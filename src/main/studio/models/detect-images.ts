/** Detection in the project's own images: candidates into the cache, then proposals into the project. */
import { setImmediate } from 'node:timers/promises'
import { CodedError, toWire, type WireError } from '../../../core/contract/errors.ts'
import type { ImageCandidates } from '../../../core/contract/model-assets.ts'
import type { CurrentModel, DetectionReport } from '../../../core/contract/studio/models.ts'
import { guessesOf } from '../../../core/fcos/guesses.ts'
import { matchClasses } from '../../../core/review/class-match.ts'
import type { JobControl } from '../api/jobs.ts'
import { keyOf } from '../assets/picture.ts'
import type { Project } from '../project/index.ts'
import { FLOOR } from './looking.ts'
import type { Models } from './models.ts'
import { Pace } from './pace.ts'

export interface DetectImagesOptions {
  readonly images: readonly number[]
  readonly score: number
  readonly nms: number
  readonly addClasses: boolean
}

/** Images of one size that go through the network together. */
const BATCH = 2
/** Images per transaction: short enough that windows stay alive in between. */
const CHUNK = 100

interface Skipped {
  readonly image: number
  readonly error: WireError
}

interface Target {
  readonly id: number
  readonly file: string
  readonly key: string
}

/**
 * Throws ENGINE_*, WEIGHTS_*, IO_*, USAGE_PROJECT_BUSY while an import goes on, and the signal's reason: what was computed
 * until then is kept, and no proposal has changed.
 */
export async function detectImages(
  models: Models,
  model: CurrentModel,
  project: Project,
  { images, ...options }: DetectImagesOptions,
  control: JobControl,
): Promise<DetectionReport> {
  if (project.readOnly) throw project.readOnly
  const skipped: Skipped[] = []
  const targets: Target[] = []
  const missing: Target[] = []
  for (const id of images) {
    control.signal.throwIfAborted()
    try {
      const file = project.fileOf(id)
      const target = { id, file, key: await keyOf(file) }
      targets.push(target)
      if (!(await models.cache.has(model.key, target.key))) missing.push(target)
    } catch (error) {
      skipped.push({ image: id, error: toWire(error) })
    }
  }
  const imagesPerSecond =
    missing.length === 0
      ? null
      : await models.inTurn(control.signal, () => compute(models, model, missing, skipped, control))
  control.report(null, 'Writing proposals')
  const written = await propose(models, model, project, targets, options, control.signal)
  return {
    images: images.length - skipped.length,
    known: targets.length - missing.length,
    skipped,
    imagesPerSecond,
    ...written,
  }
}

/** Fills the cache; returns images per second. */
async function compute(
  models: Models,
  model: CurrentModel,
  targets: readonly Target[],
  skipped: Skipped[],
  { signal, report }: JobControl,
): Promise<number> {
  const pace = new Pace(targets.length)
  // A full disk ends the job: what cannot be kept need not be computed.
  const disk = new AbortController()
  let writing: Promise<unknown> = Promise.resolve()
  await models.engine.call(
    {
      method: 'candidates',
      model: model.path,
      images: targets.map(({ file }) => file),
      batch: BATCH,
      size: null,
      floor: FLOOR,
    },
    (event) => {
      if (event.kind !== 'candidates' && event.kind !== 'skipped') return
      const target = targets[event.index]!
      if (event.kind === 'skipped') skipped.push({ image: target.id, error: event.error })
      else {
        writing = writing
          .then(() => models.cache.write(model.key, target.key, event))
          .catch((error: unknown) => disk.abort(error))
      }
      report(...pace.step())
    },
    AbortSignal.any([signal, disk.signal]),
  )
  await writing
  signal.throwIfAborted()
  if (disk.signal.aborted) throw unwritable(disk.signal.reason)
  return pace.rate
}

interface Written {
  readonly proposals: number
  readonly unknownClasses: DetectionReport['unknownClasses']
}

/** All images as one step of the history. */
async function propose(
  models: Models,
  model: CurrentModel,
  project: Project,
  targets: readonly Target[],
  { score, nms, addClasses }: Omit<DetectImagesOptions, 'images'>,
  signal: AbortSignal,
): Promise<Written> {
  const gesture = project.history.begin('Propose boxes', { exclusive: true })
  const unknown = new Map<string, number>()
  let proposals = 0
  const proposeIn = (id: number, { candidates, model: { config } }: ImageCandidates): void => {
    const guesses = guessesOf(candidates, { score, nms, centerness: true })
    if (addClasses) {
      const seen = new Set(guesses.map(({ label }) => label))
      const known = matchClasses(config.classes, project.classes.all())
      for (const label of seen) if (known[label] === null) project.classes.add(config.classes[label]!.name)
    }
    const classIds = matchClasses(config.classes, project.classes.all())
    const known = guesses.flatMap(({ label, box, score }) => {
      const classId = classIds[label] ?? null
      if (classId !== null) return [{ classId, box, score }]
      const { name } = config.classes[label]!
      unknown.set(name, (unknown.get(name) ?? 0) + 1)
      return []
    })
    proposals += project.annotations.propose(id, model.title, known).length
  }
  try {
    for (let start = 0; start < targets.length; start += CHUNK) {
      const chunk = targets.slice(start, start + CHUNK)
      const found = await Promise.all(chunk.map(({ key }) => models.cache.read(model.key, key)))
      signal.throwIfAborted()
      gesture.extend(() => {
        for (const [i, { id }] of chunk.entries()) if (found[i]) proposeIn(id, found[i])
      })
      await setImmediate()
    }
    gesture.commit()
  } catch (error) {
    gesture.cancel()
    throw error
  }
  return { proposals, unknownClasses: [...unknown].map(([name, found]) => ({ name, found })) }
}

function unwritable(cause: unknown): CodedError {
  const { code, message } = cause as NodeJS.ErrnoException
  const reason = code === 'ENOSPC' ? 'the disk is full' : message
  return new CodedError(
    code === 'ENOSPC' ? 'IO_DISK_FULL' : 'IO_CACHE',
    `What was found could not be kept: ${reason}`,
    'What was kept before is used when you start again',
    { cause },
  )
}
