/** A packed job that is started, followed and stopped: on this machine, or on a Ray cluster. */
import { existsSync } from 'node:fs'
import { cp, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { EngineEvent, TrainResult } from '../../core/contract/engine.ts'
import { JOB_FILES, JOB_RUN_FILES, type JobRecord, Submitted } from '../../core/contract/job.ts'
import { CodedError } from '../../core/errors.ts'
import { replaceFile } from '../files/replace-file.ts'
import { EventReader, eventOf, readFault } from './events.ts'
import { missingImages, openJob, runFolderOf } from './job-folder.ts'
import { type LaunchHooks, resultOf, trainInPython } from './launch.ts'
import { RayCluster } from './ray.ts'

/** Where a job runs: N processes of a Python here, or so many workers of a cluster. */
export type Place =
  | { readonly kind: 'torchrun'; readonly python: string; readonly processes: number }
  | {
      readonly kind: 'ray'
      /** As rayAddress has it. */
      readonly address: string
      /** A folder that this machine and the cluster see under one path; null: the job lies there already. */
      readonly storage: string | null
      readonly workers: number
      readonly gpus: boolean
    }

/** The base of a job's images as its processes see it. */
const imagesOf = (job: string, { images: { base } }: JobRecord): string =>
  base === JOB_FILES.images ? path.resolve(job, base) : base

/** Throws DATA_IMAGES where images of a base on this machine are missing: better now than at their turn. */
export async function requireImages(job: string): Promise<void> {
  const opened = openJob(job)
  const base = imagesOf(job, opened.job)
  const missing = await missingImages(opened.data, base)
  if (missing.length === 0) return
  throw new CodedError(
    'DATA_IMAGES',
    `${missing.length} of the job's images are not below ${base}, the first of them ${missing[0]}`,
    'Pack the job with --images copy, or with the folder where they are',
  )
}

/** @throws CodedError USAGE_JOB, USAGE_JOB_WORLD, DATA_IMAGES; those of trainInPython and RayCluster. */
export async function runJob(job: string, place: Place, hooks: LaunchHooks): Promise<TrainResult> {
  const opened = openJob(job)
  const { batch } = opened.record.options
  const processes = place.kind === 'ray' ? place.workers : place.processes
  if (batch % processes !== 0) {
    throw new CodedError(
      'USAGE_JOB_WORLD',
      `Batches of ${batch} images cannot be shared evenly by ${processes} processes`,
      'Choose a number that divides the batch, or pack the job with another --batch',
    )
  }
  await requireImages(job)
  if (place.kind === 'ray') return followJob(await submitJob(job, place), hooks)
  return trainInPython(
    {
      ...{ folder: path.resolve(runFolderOf(job)), record: opened.record, images: imagesOf(job, opened.job) },
      ...{ python: place.python, processes, program: path.resolve(job, JOB_FILES.program), keepEvents: true },
    },
    hooks,
  )
}

/**
 * Hands a job to a cluster.
 *
 * @returns the job's folder where it runs, which holds what following and fetching need.
 */
export async function submitJob(job: string, place: Extract<Place, { kind: 'ray' }>): Promise<string> {
  const cluster = new RayCluster(place.address)
  await cluster.version()
  const folder =
    place.storage === null ? path.resolve(job) : path.resolve(place.storage, path.basename(path.resolve(job)))
  if (folder !== path.resolve(job)) {
    if (existsSync(path.join(folder, JOB_FILES.record))) {
      throw new CodedError(
        'DATA_EXISTS',
        `${folder} holds a job already`,
        'Go on with that one, or pack under another name',
      )
    }
    await cp(job, folder, { recursive: true })
  }
  await writeFile(path.join(runFolderOf(folder), JOB_RUN_FILES.control), '')
  const gpus = place.gpus ? ' --gpus' : ''
  const id = await cluster.submit(
    `python -m fcos_job.ray_train ${quoted(folder)} --workers ${place.workers}${gpus}`,
    {
      PYTHONPATH: path.join(folder, JOB_FILES.program),
    },
  )
  const submitted: Submitted = { address: place.address, id, folder }
  await replaceFile(path.join(folder, JOB_FILES.submitted), `${JSON.stringify(submitted)}\n`)
  if (folder !== path.resolve(job))
    await replaceFile(path.join(job, JOB_FILES.submitted), `${JSON.stringify(submitted)}\n`)
  return folder
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** Tells what happens in a job, wherever it runs, until it ends; a signal stops the job of a cluster, state saved. */
export async function followJob(job: string, { onEvent, signal, pause }: LaunchHooks): Promise<TrainResult> {
  const { record } = openJob(job)
  const submitted = await readSubmitted(job)
  if (submitted === null) return followFolder(job, { onEvent, signal })
  const { address, id, folder } = submitted
  const cluster = new RayCluster(address)
  const control = path.join(runFolderOf(folder), JOB_RUN_FILES.control)
  const tell = (): void => {
    const word = signal?.aborted ? 'stop' : pause?.isPaused ? 'pause' : ''
    // The program saves its state and ends by itself, where it can be told by its folder.
    void writeFile(control, word).catch(() => (signal?.aborted ? cluster.stop(id) : undefined))
  }
  signal?.addEventListener('abort', tell, { once: true })
  pause?.addEventListener('change', tell)
  let result: TrainResult | undefined
  const onLine = (line: string): void => {
    const event = eventOf(line, record)
    if (event?.kind === 'ended') result = resultOf(runFolderOf(folder), event)
    else if (event) onEvent(event)
  }
  try {
    const { status, message, last } = await cluster.follow(id, onLine)
    if (status === 'SUCCEEDED' && result) return result
    const why = last || message || status
    throw (
      readFault(runFolderOf(folder)) ??
      new CodedError(
        'ENGINE_DIED',
        `The cluster's job ${id} ended (${status.toLowerCase()}): ${why}`,
        'Its last saved state is kept: run the job again to go on',
      )
    )
  } finally {
    signal?.removeEventListener('abort', tell)
    pause?.removeEventListener('change', tell)
  }
}

async function readSubmitted(job: string): Promise<Submitted | null> {
  const file = path.join(job, JOB_FILES.submitted)
  if (!existsSync(file)) return null
  return Submitted.parse(JSON.parse(await readFile(file, 'utf8')))
}

const LOOK_MS = 500

/** A job that another machine or terminal runs in a folder that this one sees. */
async function followFolder(job: string, { onEvent, signal }: LaunchHooks): Promise<TrainResult> {
  const { record } = openJob(job)
  const run = runFolderOf(job)
  const reader = new EventReader(path.join(run, JOB_RUN_FILES.events), record)
  for (;;) {
    signal?.throwIfAborted()
    for (const event of reader.read()) {
      if (event.kind === 'ended') return resultOf(run, event)
      onEvent(event satisfies EngineEvent)
    }
    const fault = readFault(run)
    if (fault) throw fault
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}
