/** A run folder trained by the Python program on this machine, told in the engine's own events. */

import { existsSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import type { EngineEvent, TrainRequest, TrainResult } from '../../core/contract/engine.ts'
import { JOB_RUN_FILES } from '../../core/contract/job.ts'
import { RUN_FILES, type RunRecord } from '../../core/contract/run-record.ts'
import { CodedError } from '../../core/errors.ts'
import { startGroup } from '../process/run.ts'
import { EventReader, readFault } from './events.ts'
import { PROGRAM, pythonEnvironment } from './python.ts'

export interface Launch {
  /** The run's folder, with its record, data and starting weights or state. */
  readonly folder: string
  readonly record: RunRecord
  readonly python: string
  /** Processes that share each batch. */
  readonly processes: number
  /** Where paths in data.json start from; left out where they are absolute. */
  readonly images?: string
  readonly program?: string
  readonly pinned?: TrainRequest['pinned']
  /** Leaves the events to whoever follows a job. */
  readonly keepEvents?: boolean
}

export interface LaunchHooks {
  readonly onEvent: (event: EngineEvent) => void
  readonly signal?: AbortSignal | undefined
  readonly pause?: (EventTarget & { readonly isPaused: boolean }) | undefined
}

const LOOK_MS = 200
/** Where a process is lost, all start again, and the run goes on from its last saved state. */
const RESTARTS = 3

/** @throws CodedError the program's own faults; ENGINE_DIED where it ended without a word. */
export async function trainInPython(
  launch: Launch,
  { onEvent, signal, pause }: LaunchHooks,
): Promise<TrainResult> {
  const { folder, record, keepEvents = false } = launch
  const file = (name: keyof typeof JOB_RUN_FILES): string => path.join(folder, JOB_RUN_FILES[name])
  for (const name of ['events', 'control', 'fault'] as const) rmSync(file(name), { force: true })
  const tell = (): Promise<void> =>
    writeFile(file('control'), signal?.aborted ? 'stop' : pause?.isPaused ? 'pause' : '')
  const told = (): void => void tell().catch(() => {})
  await tell()
  signal?.addEventListener('abort', told, { once: true })
  pause?.addEventListener('change', told)
  const reader = new EventReader(file('events'), record)
  let result: TrainResult | undefined
  const look = (): void => {
    for (const event of reader.read()) {
      if (event.kind === 'ended') result = resultOf(folder, event)
      else onEvent(event)
    }
  }
  const timer = setInterval(look, LOOK_MS)
  const [program, ...args] = commandOf(launch)
  try {
    for (let restarts = 0; ; restarts++) {
      const group = startGroup(program!, args, { env: environmentOf(launch) })
      const { status, signal: killer, stderr } = await group.ended
      look()
      if (status === 0 && result) return result
      const fault = readFault(folder)
      if (fault) throw fault
      const error = lost(folder, killer ?? `status ${status}`, stderr)
      // What dies twice before its first state will not start a third time.
      const most = existsSync(path.join(folder, RUN_FILES.state)) ? RESTARTS : 1
      if (restarts >= most || signal?.aborted) throw error
      onEvent({ kind: 'note', message: `${error.message}. Going on from the last saved state` })
    }
  } finally {
    clearInterval(timer)
    signal?.removeEventListener('abort', told)
    pause?.removeEventListener('change', told)
    for (const name of keepEvents ? (['control'] as const) : (['events', 'control', 'fault'] as const))
      rmSync(file(name), { force: true })
  }
}

function commandOf(launch: Launch): string[] {
  const { python, processes, folder, images, pinned } = launch
  const start =
    processes === 1
      ? []
      : // --standalone finds a free port by itself.
        ['torch.distributed.run', '--standalone', `--nproc-per-node=${processes}`, '-m']
  return [
    ...[python, '-m', ...start, 'fcos_job.train', folder],
    ...(images === undefined ? [] : ['--images', images]),
    ...(pinned && pinned.images.length > 0 ? ['--pinned', JSON.stringify(pinned)] : []),
  ]
}

function environmentOf({ program = PROGRAM, processes }: Launch): NodeJS.ProcessEnv {
  const threads = String(Math.max(1, Math.floor(availableParallelism() / processes)))
  return pythonEnvironment(program, {
    OMP_NUM_THREADS: threads,
    OMP_WAIT_POLICY: 'passive',
    FCOS_JOB_PARENT: String(process.pid),
  })
}

export function resultOf(
  folder: string,
  { steps, complete, evaluation }: Pick<TrainResult, 'steps' | 'complete' | 'evaluation'>,
): TrainResult {
  const checkpoint = path.join(folder, evaluation === null ? RUN_FILES.last : RUN_FILES.best)
  return { steps, complete, checkpoint, evaluation }
}

/** torchrun frames the reason with its own report; the program's last line says it. */
function lost(folder: string, how: string, stderr: string): CodedError {
  const lines = stderr.split('\n').map((line) => line.trim())
  const reason =
    lines.findLast((line) => /^(\w*Error|fcos_job): /.test(line)) ?? lines.findLast((line) => line !== '')
  return new CodedError(
    'ENGINE_DIED',
    `The training process ended unexpectedly (${how})${reason ? `: ${reason}` : ''}`,
    `The last saved state is in ${folder}: the same command with --resume continues from it`,
    { cause: stderr },
  )
}
