/** The files of a training run. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { RunData, writeRunData } from '../../../core/contract/run-data.ts'
import { RUN_FILES, RunRecord, runExists } from '../../../core/contract/run-record.ts'
import { CodedError } from '../../../core/errors.ts'
import { replaceFile } from '../../files/replace-file.ts'

/** Paths of RUN_FILES, beside which TensorBoard's event files lie. */
export class RunFolder {
  readonly path: string
  readonly record: string
  readonly data: string
  readonly log: string
  readonly evaluations: string
  readonly start: string
  readonly state: string
  readonly best: string
  readonly last: string
  readonly features: string
  readonly copies: string

  constructor(path: string) {
    const file = (name: keyof typeof RUN_FILES) => join(path, RUN_FILES[name])
    this.path = path
    this.record = file('record')
    this.data = file('data')
    this.log = file('log')
    this.evaluations = file('evaluations')
    this.start = file('start')
    this.state = file('state')
    this.best = file('best')
    this.last = file('last')
    this.features = file('features')
    this.copies = file('copies')
  }

  /** Throws USAGE_RUN_EXISTS rather than write over a run. */
  async create(record: RunRecord, data: RunData): Promise<void> {
    if (existsSync(this.record)) {
      throw runExists(this.path)
    }
    mkdirSync(this.path, { recursive: true })
    await replaceFile(this.data, new TextEncoder().encode(writeRunData(data)))
    // Last: with it, there is a run.
    await this.replaceRecord(record)
  }

  /** Throws IO_DISK_FULL or IO_WRITE and leaves the old one. */
  replaceRecord(record: RunRecord): Promise<void> {
    return replaceFile(this.record, new TextEncoder().encode(`${JSON.stringify(record, null, 2)}\n`))
  }

  /** Throws USAGE_NO_RUN where there is nothing to resume. */
  open(): { readonly record: RunRecord; readonly data: RunData } {
    const nothing = (cause: unknown) =>
      new CodedError(
        'USAGE_NO_RUN',
        `${this.path} contains no training run to resume`,
        'Start one without --resume',
        {
          cause,
        },
      )
    try {
      const parsed = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))
      return { record: RunRecord.parse(parsed(this.record)), data: RunData.parse(parsed(this.data)) }
    } catch (cause) {
      throw nothing(cause)
    }
  }
}
