/** A packed job that is started, followed and stopped: on this machine, or on a Ray cluster. */
import { existsSync } from 'node:fs'
import { cp, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { TrainRequest, TrainResult } from '../../core/contract/engine.ts'
import { JOB_FILES, JOB_RUN_FILES, type JobRecord, Submitted } from '../../core/contract/job.ts'
import { CodedError } from '../../core/errors.ts'
import { replaceFile } from '../files/replace-file.ts'
import { EventReader, readFault } from './events.ts'
import { inNewFolder, missingImages, openJob, runFolderOf } from './job-folder.ts'
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

const LOOK_MS = 500

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
export async function runJob(
  job: string,
  place: Place,
  hooks: LaunchHooks,
  pinned?: TrainRequest['pinned'],
): Promise<TrainResult> {
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
  if (place.kind === 'ray') return followJob(await submitJob(job, place, pinned), hooks)
  return trainInPython(
    {
      ...{ folder: path.resolve(runFolderOf(job)), record: opened.record, images: imagesOf(job, opened.job) },
      ...{ python: place.python, processes, program: path.resolve(job, JOB_FILES.program), keepEvents: true },
      ...(pinned && { pinned }),
    },
    hooks,
  )
}

/**
 * Hands a job to a cluster.
 *
 * @param pinned with images that the cluster sees under these paths.
 * @returns the job's folder where it runs, which holds what following and fetching need.
 */
async function submitJob(
  job: string,
  place: Extract<Place, { kind: 'ray' }>,
  pinned?: TrainRequest['pinned'],
): Promise<string> {
  const cluster = new RayCluster(place.address)
  await cluster.version()
  const folder =
    place.storage === null ? path.resolve(job) : path.resolve(place.storage, path.basename(path.resolve(job)))
  if (folder !== path.resolve(job)) await inNewFolder(folder, () => cp(job, folder, { recursive: true }))
  await writeFile(path.join(runFolderOf(folder), JOB_RUN_FILES.control), '')
  const command = [
    ...['python', '-m', 'fcos_job.ray_train', quoted(folder), '--workers', String(place.workers)],
    ...(place.gpus ? ['--gpus'] : []),
    ...(pinned && pinned.images.length > 0 ? ['--pinned', quoted(JSON.stringify(pinned))] : []),
  ]
  const id = await cluster.submit(command.join(' '), { PYTHONPATH: path.join(folder, JOB_FILES.program) })
  const submitted: Submitted = { address: place.address, id, folder }
  await replaceFile(path.join(folder, JOB_FILES.submitted), `${JSON.stringify(submitted)}\n`)
  if (folder !== path.resolve(job))
    await replaceFile(path.join(job, JOB_FILES.submitted), `${JSON.stringify(submitted)}\n`)
  return folder
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/**
 * Tells what happens in a job until it ends, from the events in its folder, wherever it runs. A signal stops the job of a
 * cluster, with its state saved; of another machine or terminal it stops following alone.
 */
export async function followJob(job: string, { onEvent, signal, pause }: LaunchHooks): Promise<TrainResult> {
  const { record } = openJob(job)
  const submitted = await readSubmitted(job)
  const run = runFolderOf(submitted?.folder ?? job)
  const reader = new EventReader(path.join(run, JOB_RUN_FILES.events), record)
  let result: TrainResult | undefined
  const look = (): void => {
    for (const event of reader.read()) {
      if (event.kind === 'ended') result = resultOf(run, event)
      else onEvent(event)
    }
  }
  if (submitted === null) {
    for (;;) {
      signal?.throwIfAborted()
      look()
      if (result) return result
      const fault = readFault(run)
      if (fault) throw fault
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  }
  const { address, id } = submitted
  const cluster = new RayCluster(address)
  const tell = (): void => {
    const word = signal?.aborted ? 'stop' : pause?.isPaused ? 'pause' : ''
    // Where the program cannot be told by its folder, it is ended by the cluster.
    void writeFile(path.join(run, JOB_RUN_FILES.control), word).catch(() =>
      signal?.aborted ? cluster.stop(id) : undefined,
    )
  }
  signal?.addEventListener('abort', tell, { once: true })
  pause?.addEventListener('change', tell)
  if (signal?.aborted || pause?.isPaused) tell()
  try {
    const { status, last } = await cluster.ended(id, look)
    if (status === 'SUCCEEDED' && result) return result
    if (status === 'SUCCEEDED') {
      const why = `The cluster's job ${id} ended, but what it wrote cannot be read here: ${run}`
      throw new CodedError('IO_FILE', why, 'Make that folder available here, then `fcos job follow` again')
    }
    throw readFault(run) ?? failed(submitted, status, last)
  } finally {
    signal?.removeEventListener('abort', tell)
    pause?.removeEventListener('change', tell)
  }
}

/** Of a job that ended before its program could say why. */
function failed({ id, folder, address }: Submitted, status: string, last: string): CodedError {
  const missing = /No module named '?(\w+)/.exec(last)?.[1]
  if (missing === 'fcos_job') {
    const remedy =
      'Give --storage: a folder that this machine and every node of the cluster see under one path'
    return new CodedError('USAGE_STORAGE', `The cluster at ${address} does not see ${folder}`, remedy)
  }
  if (missing !== undefined) {
    const remedy = `Install ${path.join(folder, JOB_FILES.program, 'requirements.txt')} on every node`
    return new CodedError(
      'RUNTIME_TORCH',
      `The Python of the cluster at ${address} has no ${missing}`,
      remedy,
    )
  }
  const why = `The cluster's job ${id} ended (${status.toLowerCase()}): ${last}`
  return new CodedError('ENGINE_DIED', why, 'Its last saved state is kept: run the job again to go on')
}

/** Whether a job was handed to a cluster and has not ended there. Throws ENGINE_CLUSTER_AWAY where the cluster does not answer. */
export async function isRunning(job: string): Promise<boolean> {
  const submitted = await readSubmitted(job)
  if (submitted === null) return false
  try {
    const { status } = await new RayCluster(submitted.address).status(submitted.id)
    return status === 'PENDING' || status === 'RUNNING'
  } catch (error) {
    // A cluster that was started anew does not know it.
    if (error instanceof CodedError && error.code === 'ENGINE_CLUSTER_UNKNOWN') return false
    throw error
  }
}

async function readSubmitted(job: string): Promise<Submitted | null> {
  const file = path.join(job, JOB_FILES.submitted)
  if (!existsSync(file)) return null
  try {
    return Submitted.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (cause) {
    const remedy = 'Remove it, and run the job again to go on'
    throw new CodedError('USAGE_JOB', `${file} does not say where the job runs`, remedy, { cause })
  }
}
