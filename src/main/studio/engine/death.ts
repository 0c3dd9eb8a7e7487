/** The end of the engine's process, told so that the user knows what is kept and what to do. */

import type { EngineRequest } from '../../../core/contract/engine.ts'
import { CodedError } from '../../../core/errors.ts'

interface Circumstances {
  /** A signal's name, `status 1`, or why the process could not be started. */
  readonly reason: string
  /** What it last wrote to standard error. */
  readonly diagnostics: string
}

export function death({ reason, diagnostics }: Circumstances, request?: EngineRequest): CodedError {
  const last = diagnostics
    .split('\n')
    .map((line) => line.trim())
    .filter(
      (line) => line !== '' && !line.startsWith('at ') && !/^Node\.js v/.test(line) && !CHATTER.test(line),
    )
    .at(-1)
  return new CodedError(
    'ENGINE_DIED',
    `The engine ended unexpectedly (${reason})${last === undefined ? '' : `: ${last}`}`,
    [
      kept(request),
      ...(reason === 'SIGKILL' || /heap out of memory|bad_alloc/.test(diagnostics)
        ? ['Most often the system had run out of memory: try a smaller --batch or --size']
        : []),
    ].join('. '),
    // The whole of what was kept, for a log; the message is one line.
    { cause: diagnostics },
  )
}

/** TensorFlow's word on how it runs, in its newer or older form: no reason to end. */
const CHATTER = /^(I\d{4} \d\d:|\d{4}-\d\d-\d\d \S+ I )/

function kept(request?: EngineRequest): string {
  switch (request?.method) {
    case 'train':
      return `What the run saved last is in ${request.out}: the same command with --resume goes on from there`
    case 'detect':
    case 'candidates':
      return 'No results were written. Try again'
    case 'export-model':
      return `${request.out} is as it was before. Try again`
    default:
      return 'Nothing was lost. `fcos doctor` checks the engine'
  }
}
