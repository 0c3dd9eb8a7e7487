/** Measures and draws a report in a process of its own, because for thousands of images that takes seconds. */
import { join } from 'node:path'
import type { EngineData } from '../../../../core/contract/engine.ts'
import { CodedError } from '../../../../core/errors.ts'
import { callOnce } from '../../../process/child.ts'
import type { EnginePlace } from '../../engine/place.ts'
import type { Found } from '../check-model.ts'
import type { ReportFacts } from './facts.ts'

export interface DrawingTask extends Omit<ReportFacts, 'measured' | 'examples'> {
  /** The detections in each image; null if nothing could be measured. */
  readonly results: { readonly data: EngineData; readonly found: Found } | null
}

const ENTRY = 'src/main/studio/exports/report/drawing-process.ts'

/** The page. Throws IO_REPORT where the process ended, DATA_BAD_DETECTION, and the signal's reason. */
export function drawReport(
  { node, root }: EnginePlace,
  task: DrawingTask,
  signal: AbortSignal,
): Promise<string> {
  return callOnce({ title: 'The report', node, entry: join(root, ENTRY) }, task, died, signal)
}

const died = (): CodedError =>
  new CodedError(
    'IO_REPORT',
    'The process that draws the report stopped unexpectedly',
    'Nothing was written, and the run is unchanged. Try again with more memory free',
  )
