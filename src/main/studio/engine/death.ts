/** Describes the end of the engine's process, so that the user knows what was kept and what to do. */

import type { EngineRequest } from '../../../core/contract/engine.ts'
import { CodedError } from '../../../core/errors.ts'
import type { Death } from '../../process/child.ts'
import { complaintOf } from '../../process/complaint.ts'

export function death({ reason, diagnostics }: Death, request?: EngineRequest): CodedError {
  const last = complaintOf(diagnostics)
  return new CodedError(
    'ENGINE_DIED',
    `The engine ended unexpectedly (${reason})${last === '' ? '' : `: ${last}`}`,
    [
      kept(request),
      ...(reason === 'SIGKILL' || /heap out of memory|bad_alloc/.test(diagnostics)
        ? ['The usual cause is lack of memory: try a smaller batch or input size']
        : []),
    ].join('. '),
    // All output that was kept, for a log; the message is one line.
    { cause: diagnostics },
  )
}

function kept(request?: EngineRequest): string {
  switch (request?.method) {
    case 'train':
      return `The last saved state is in ${request.out}: the same command with --resume continues from it`
    case 'detect':
    case 'candidates':
      return 'No results were written. Try again'
    case 'export-model':
      return `${request.out} is as it was before. Try again`
    default:
      return 'Nothing was lost. `fcos doctor` checks the engine'
  }
}
