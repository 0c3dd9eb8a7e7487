/** Fills the cache with candidates of the project's images. Detection and evaluation both begin with this. */

import type { CurrentModel } from '../../../core/contract/studio/models.ts'
import { CodedError, toWire, type WireError } from '../../../core/errors.ts'

import type { Size } from '../../../core/geometry/box.ts'
import { keyOf } from '../../images/image-file.ts'
import type { JobContext } from '../jobs.ts'
import type { Project } from '../project/index.ts'
import type { Models } from './models.ts'
import { Pace } from './pace.ts'
import { FLOOR } from './prediction-service.ts'

/** Images of one size that go through the network together. */
const BATCH = 2

interface Skipped {
  readonly image: number
  readonly error: WireError
}

/** An image and the key of its candidates in the cache. */
export interface Target {
  readonly id: number
  readonly file: string
  readonly key: string
  /** Size of the image that its labels are for. */
  readonly size: Size
}

export interface FoundCandidates {
  /** Images whose candidates are now in the cache. */
  readonly targets: readonly Target[]
  readonly skipped: readonly Skipped[]
  /** Number of images whose candidates were in the cache before. */
  readonly known: number
  /** Null if all were in the cache. */
  readonly imagesPerSecond: number | null
}

/** Throws ENGINE_*, WEIGHTS_*, IO_*, and the signal's reason: what was computed until then is kept. */
export async function findCandidates(
  models: Models,
  model: CurrentModel,
  project: Project,
  images: readonly number[],
  control: JobContext,
): Promise<FoundCandidates> {
  const skipped: Skipped[] = []
  const targets: Target[] = []
  const missing: Target[] = []
  for (const id of images) {
    control.signal.throwIfAborted()
    try {
      const file = project.fileOf(id)
      const [{ width, height }] = project.images.list([id])
      const target = { id, file, key: await keyOf(file), size: { width, height } }
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
  const unread = new Set(skipped.map(({ image }) => image))
  return {
    targets: targets.filter(({ id }) => !unread.has(id)),
    ...{ skipped, known: targets.length - missing.length, imagesPerSecond },
  }
}

/** Fills the cache; returns images per second. */
async function compute(
  models: Models,
  model: CurrentModel,
  targets: readonly Target[],
  skipped: Skipped[],
  { signal, report }: JobContext,
): Promise<number> {
  const pace = new Pace(targets.length)
  // A full disk ends the job, because candidates that cannot be stored need not be computed.
  const disk = new AbortController()
  let writing: Promise<unknown> = Promise.resolve()
  await models.engine.call(
    {
      method: 'candidates',
      model: model.path,
      images: targets.map(({ file }) => file),
      sizes: targets.map(({ size }) => size),
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

function unwritable(cause: unknown): CodedError {
  const { code, message } = cause as NodeJS.ErrnoException
  const reason = code === 'ENOSPC' ? 'the disk is full' : message
  return new CodedError(
    code === 'ENOSPC' ? 'IO_DISK_FULL' : 'IO_CACHE',
    `The detections could not be saved: ${reason}`,
    'What was saved before is used when you start again',
    { cause },
  )
}
