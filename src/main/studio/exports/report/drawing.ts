/** Measures and draws a report in a process of its own: for thousands of images that takes seconds, and nobody is to wait. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { EngineData } from '../../../../core/contract/engine.ts'
import { CodedError, fromWire, type WireError } from '../../../../core/errors.ts'
import type { EnginePlace } from '../../engine/place.ts'
import type { Found } from '../check-model.ts'
import type { ReportFacts } from './facts.ts'

export interface DrawingTask extends Omit<ReportFacts, 'measured' | 'examples'> {
  /** What was found in which images; null where nothing could be measured. */
  readonly results: { readonly data: EngineData; readonly found: Found } | null
}

export type Drawn = { readonly page: string } | { readonly error: WireError }

const ENTRY = 'src/main/studio/exports/report/drawing-process.ts'

/** The page. Throws IO_REPORT where the process ended, DATA_BAD_DETECTION, and the signal's reason. */
export async function drawReport(
  { node, root }: EnginePlace,
  task: DrawingTask,
  signal: AbortSignal,
): Promise<string> {
  const child = spawn(node, [join(root, ENTRY)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
  })
  const kill = (): void => void child.kill('SIGKILL')
  signal.addEventListener('abort', kill, { once: true })
  try {
    const answer = once(child, 'message') as Promise<[Drawn]>
    const ended = once(child, 'exit').then(() => null)
    child.send(task, () => {})
    const [drawn] = (await Promise.race([answer, ended])) ?? []
    signal.throwIfAborted()
    if (drawn === undefined) throw died()
    if ('error' in drawn) throw fromWire(drawn.error)
    return drawn.page
  } finally {
    signal.removeEventListener('abort', kill)
    kill()
  }
}

const died = (): CodedError =>
  new CodedError(
    'IO_REPORT',
    'The process that draws the report ended',
    'Nothing was written, and the run is as it was. Try again with more memory free',
  )
