/** The contents of a report. */
import type { Evaluated } from '../../../../core/contract/engine.ts'
import type { RunRecord } from '../../../../core/contract/run-record.ts'
import type { Curves, RunDetail, RunSummary } from '../../../../core/contract/studio/runs.ts'
import type { Html } from './html.ts'
import type { Measured } from './measure.ts'

export interface ReportFacts {
  readonly project: string
  /** Of the program that writes it. */
  readonly version: string
  /** ISO 8601 */
  readonly written: string
  readonly run: RunSummary
  readonly record: RunRecord
  readonly data: NonNullable<RunDetail['data']>
  /** SHA-256 of the run's data.json, hexadecimal. */
  readonly snapshot: string
  readonly notes: readonly string[]
  readonly curves: Curves
  /** Of the model that the run recommends; null without validation images. */
  readonly evaluation: Evaluated | null
  /** Null where it could not be measured; `lacks` says why. */
  readonly measured: Measured | null
  readonly examples: readonly Html[]
  readonly lacks: readonly string[]
}
