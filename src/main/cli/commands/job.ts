/** `fcos job`: trains a run on other machines, and brings it back as if it had been trained here. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { EngineEvent, TrainResult } from '../../../core/contract/engine.ts'
import { CodedError } from '../../../core/errors.ts'
import { countOf } from '../../../core/words.ts'
import { fetchRun } from '../../jobs/fetch.ts'
import { inNewFolder, packJob, runFolderOf, takeRun } from '../../jobs/job-folder.ts'
import { followJob, requireImages, runJob } from '../../jobs/run-job.ts'
import { beginRun } from '../../studio/engine/pytorch.ts'
import { startEngine } from '../../studio/engine/spawn.ts'
import { newRunFolder } from '../../studio/runs/run-store.ts'
import { interruptible } from '../interrupt.ts'
import type { Progress } from '../progress.ts'
import { placeOf, readRequest, showEvent, type TrainOptions } from './train.ts'

export interface JobOptions extends Omit<TrainOptions, 'out' | 'resume'> {
  readonly folder: string
  readonly run?: string
  readonly images?: string
  readonly storage?: string
  readonly workers?: number
  readonly gpus?: boolean
  readonly into?: string
}

export type JobReport =
  | { readonly action: 'pack'; readonly job: string; readonly images: number; readonly steps: number }
  | ({ readonly action: 'run' | 'follow'; readonly job: string } & TrainResult)
  | {
      readonly action: 'fetch'
      readonly job: string
      readonly run: string
      readonly steps: number
      readonly complete: boolean
    }

/** @throws CodedError USAGE_*, DATA_*, WEIGHTS_*; RUNTIME_*, ENGINE_*, TRAIN_*, IO_*. */
export async function runJobCommand(
  action: 'pack' | 'run' | 'follow' | 'fetch',
  options: JobOptions,
  progress: Progress,
): Promise<JobReport> {
  const { folder } = options
  const say = (line: string): void => progress.say(line)
  const onEvent = (event: EngineEvent): void => showEvent(event, progress)
  try {
    switch (action) {
      case 'pack':
        return await pack(options, progress)
      case 'run': {
        const place = placeOf({ ...options, on: options.on ?? 'torchrun' })
        const result = await interruptible(say, (signal) => runJob(folder, place, { onEvent, signal }))
        return { action, job: folder, ...result }
      }
      case 'follow':
        return { action, job: folder, ...(await followJob(folder, { onEvent })) }
      case 'fetch':
        return await fetch(options, say)
    }
  } finally {
    progress.end()
  }
}

function pack(options: JobOptions, progress: Progress): Promise<JobReport> {
  const { folder, run, images = 'copy' } = options
  return inNewFolder(folder, async () => {
    const out = runFolderOf(folder)
    const record =
      run === undefined
        ? await beginRun(
            () => startEngine({ fastMath: options.fastMath }),
            await readRequest({ ...options, out, resume: false }, progress),
            { onEvent: (event) => showEvent(event, progress) },
          )
        : await takeRun(run, folder)
    const packed = await packJob(folder, images, (done, total) => progress.update(done, total, 'images'))
    if (images !== 'copy' && images !== 'link') {
      if (existsSync(images)) await requireImages(folder)
      else
        progress.say(
          `${images} is not on this machine: whether its ${packed.images.count} images are there shows when the job runs`,
        )
    }
    return { action: 'pack', job: folder, images: packed.images.count, steps: record.options.steps }
  })
}

async function fetch({ folder, into }: JobOptions, say: (line: string) => void): Promise<JobReport> {
  if (into === undefined)
    throw new CodedError('USAGE_INTO', '--into is missing', 'Give the project, or a new folder')
  const { out, settle } = newRunFolder(into, path.basename(path.resolve(folder)))
  const fetched = await fetchRun(folder, out)
  settle(fetched)
  for (const note of fetched.notes) say(note)
  if (fetched.left.length > 0) say(`Left in the job: ${fetched.left.join(', ')}, which no run has`)
  if (fetched.imagesAreElsewhere)
    say(
      'The folder that its images came from is not on this machine: the run can be used, and cannot go on here',
    )
  const { steps, complete } = fetched
  return { action: 'fetch', job: folder, run: out, steps, complete }
}

export function renderJob(report: JobReport): string {
  switch (report.action) {
    case 'pack':
      return `Packed ${countOf(report.steps, 'step')} on ${countOf(report.images, 'image')} into ${report.job}`
    case 'fetch':
      return `${report.complete ? 'Fetched the run' : `Fetched the run as of step ${report.steps}, which can go on`} into ${report.run}`
    default:
      return report.complete
        ? `Trained ${countOf(report.steps, 'step')}. \`fcos job fetch ${report.job} --into …\` fetches the run`
        : `Stopped after step ${report.steps}; the state is saved in ${report.job}. The same command continues`
  }
}
