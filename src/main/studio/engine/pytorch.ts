/** A training run in PyTorch, on this machine or a Ray cluster: the engine makes its folder, the Python program trains it. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { copyFile, mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { TrainRequest, TrainResult } from '../../../core/contract/engine.ts'
import { JOB_FILES, requireProgramFor, requireWholeImages } from '../../../core/contract/job.ts'
import { RunData } from '../../../core/contract/run-data.ts'
import { RUN_FILES, RunRecord } from '../../../core/contract/run-record.ts'
import { CodedError } from '../../../core/errors.ts'
import { countOf } from '../../../core/words.ts'
import { fetchRun } from '../../jobs/fetch.ts'
import { inNewFolder, packJob, requireNewFolder, runFolderOf, takeRun } from '../../jobs/job-folder.ts'
import { type LaunchHooks, resultOf, trainInPython } from '../../jobs/launch.ts'
import { askPython, PROGRAM, torchTitle } from '../../jobs/python.ts'
import { followJob, isRunning, type Place, runJob } from '../../jobs/run-job.ts'
import type { Engine } from './client.ts'
import type { TrainingHooks } from './supervise.ts'
import { aboutCheckpoint } from './weights-file.ts'

export interface PyTorchPlace extends Pick<Extract<Place, { kind: 'torchrun' }>, 'python' | 'processes'> {
  /** The job program's folder; left out, this checkout's. */
  readonly program?: string
}

/**
 * Either program goes on with what the other began.
 *
 * @throws CodedError USAGE_JOB_DETECTOR, USAGE_JOB_MODEL, USAGE_JOB_WORLD before there is a run; RUNTIME_PYTHON, RUNTIME_TORCH; as
 *   a training of the engine.
 */
export async function trainInPyTorch(
  start: () => Promise<Engine>,
  { method: _, pinned, ...request }: TrainRequest,
  { python, processes, program = PROGRAM }: PyTorchPlace,
  { onEvent, signal, pause }: TrainingHooks,
): Promise<TrainResult> {
  const found = await askPython(python, program)
  const title = torchTitle(found)
  onEvent({ kind: 'note', message: processes === 1 ? title : `${title}, in ${processes} processes` })
  signal?.throwIfAborted()
  const record = await beginRun(start, request, { onEvent, signal }, (model) =>
    requireShared(model, processes),
  )
  return trainInPython(
    { folder: request.out, record, python, processes, program, ...(pinned && { pinned }) },
    { onEvent, signal, pause },
  )
}

/**
 * Makes the folder of a run that the Python program is to train.
 *
 * @param check throws where the run cannot be trained; then there is none.
 */
export async function beginRun(
  start: () => Promise<Engine>,
  request: Omit<TrainRequest, 'method' | 'pinned'>,
  { onEvent, signal }: Pick<LaunchHooks, 'onEvent' | 'signal'>,
  check: (record: RunRecord) => void = () => {},
): Promise<RunRecord> {
  const about = request.weights === null ? null : await aboutCheckpoint(request.weights)
  requireProgramFor({ detector: request.options.model?.detector ?? about?.config.detector })
  const engine = await start()
  let record: RunRecord
  try {
    signal?.throwIfAborted()
    record = await engine.call({ ...request, method: 'begin' }, onEvent)
  } finally {
    await engine.close()
  }
  try {
    requireProgramFor(record.model, 'train', record.options)
    requireWholeImages(dataOf(request), record)
    check(record)
  } catch (error) {
    if (!request.resume) {
      for (const name of ['record', 'data', 'start'] as const)
        rmSync(path.join(request.out, RUN_FILES[name]), { force: true })
    }
    throw error
  }
  return record
}

function dataOf({ out, data, validation }: Pick<TrainRequest, 'out' | 'data' | 'validation'>): RunData {
  if (data) return { data, validation }
  return RunData.parse(JSON.parse(readFileSync(path.join(out, RUN_FILES.data), 'utf8')))
}

function requireShared({ options: { batch } }: RunRecord, processes: number): void {
  if (batch % processes === 0) return
  throw new CodedError(
    'USAGE_JOB_WORLD',
    `Batches of ${countOf(batch, 'image')} cannot be shared evenly by ${processes} processes`,
    'Nothing was started. Choose a number of processes that divides the batch, or another --batch',
  )
}

/**
 * The same on a Ray cluster: the run is packed, trained there, and fetched into its folder. If anything fails, the job remains
 * where it is, and a resumed run goes on with it, or goes on following it where it still runs.
 *
 * @throws CodedError as trainInPyTorch, packJob, runJob and fetchRun; DATA_EXISTS where the job's folder is another run's.
 */
export async function trainAsJob(
  start: () => Promise<Engine>,
  { method: _, pinned, ...request }: TrainRequest,
  { program, ...place }: Extract<Place, { kind: 'ray' }> & Pick<PyTorchPlace, 'program'>,
  { report, ...hooks }: LaunchHooks & { readonly report: (done: number, total: number) => void },
): Promise<TrainResult> {
  const { out, resume } = request
  const job = jobFolderOf(out, place)
  if (!resume) requireNewFolder(job)
  await beginRun(start, request, hooks, (record) => requireShared(record, place.workers))
  const isPacked = resume && isJobOf(job, out)
  if (!isPacked) {
    await inNewFolder(job, async () => {
      await takeRun(out, job)
      await packJob(job, 'copy', report, program)
    })
    hooks.onEvent({ kind: 'note', message: `The job is packed in ${job}` })
  }
  const seen = pinned && { ...pinned, images: await carryPinned(pinned.images, job) }
  const result =
    isPacked && (await isRunning(job))
      ? await followJob(job, hooks)
      : await runJob(job, { ...place, storage: null }, hooks, seen)
  await fetchRun(job, out, { replace: true })
  await rm(job, { recursive: true })
  return resultOf(out, result)
}

/** Where the job of a run lies until it is fetched. */
export const jobFolderOf = (out: string, { storage }: { readonly storage: string | null }): string =>
  path.resolve(storage ?? path.dirname(path.resolve(out)), `${path.basename(path.resolve(out))}-job`)

/** Whether a folder holds the job of a run, as the run is now. */
function isJobOf(job: string, run: string): boolean {
  const record = (folder: string): string =>
    JSON.stringify(RunRecord.parse(JSON.parse(readFileSync(path.join(folder, RUN_FILES.record), 'utf8'))))
  return existsSync(path.join(job, JOB_FILES.record)) && record(runFolderOf(job)) === record(run)
}

/**
 * Pinned images need not be among those that the run learns from or is measured with. One that cannot be copied is named by the
 * program, which misses it: pictures to look at are not worth a run.
 *
 * @returns their paths in the job
 */
async function carryPinned(images: readonly string[], job: string): Promise<string[]> {
  const folder = path.resolve(job, JOB_FILES.pinned)
  await mkdir(folder, { recursive: true })
  const carried = images.map((image, i) => path.join(folder, `${i}${path.extname(image)}`))
  for (const [i, image] of images.entries()) await copyFile(image, carried[i]!).catch(() => {})
  return carried
}
