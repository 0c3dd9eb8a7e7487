/** The files of a training run. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { CodedError } from '../../../core/contract/errors.ts'
import { RunData, writeRunData } from '../../../core/contract/run-data.ts'
import { TrainingOptions } from '../../../core/contract/training.ts'
import { ModelConfig } from '../../../core/fcos/config.ts'
import { replaceFile } from '../weights/replace-file.ts'

/** What a run is: fixed when it starts, so that resuming cannot mix two. */
export const RunRecord = z.strictObject({
  format: z.literal('fcos-studio-run'),
  version: z.literal(1),
  model: ModelConfig,
  options: TrainingOptions,
  canvas: z.strictObject({ width: z.int().positive(), height: z.int().positive() }),
  images: z.int().positive(),
  /** What was loaded from the weights that the run started from. */
  loaded: z.string().nullable(),
  /** When it started, ISO 8601, and on what. */
  started: z.iso.datetime(),
  device: z.enum(['cpu', 'gpu', 'wasm']),
})
export type RunRecord = z.infer<typeof RunRecord>

export class RunFolder {
  readonly path: string
  readonly record: string
  /** Which boxes of which images it learns from and is measured with. */
  readonly data: string
  /** JSON lines, one per step and one per evaluation, and beside them TensorBoard's event files. */
  readonly log: string
  readonly evaluations: string
  /** Folder of cached features, while it trains. */
  readonly features: string
  /** What resuming needs. */
  readonly state: string
  /** The model with the best validation AP, and as of the last evaluation. */
  readonly best: string
  readonly last: string

  constructor(path: string) {
    this.path = path
    const file = (name: string) => join(path, name)
    this.record = file('run.json')
    this.data = file('data.json')
    this.log = file('log.jsonl')
    this.evaluations = file('evaluations.jsonl')
    this.features = file('features')
    this.state = file('state.safetensors')
    this.best = file('best.safetensors')
    this.last = file('last.safetensors')
  }

  /** Throws USAGE_RUN_EXISTS rather than write over a run. */
  async create(record: RunRecord, data: RunData): Promise<void> {
    if (existsSync(this.record)) {
      throw new CodedError(
        'USAGE_RUN_EXISTS',
        `${this.path} already holds a training run`,
        'Continue it with --resume, or choose another folder',
      )
    }
    mkdirSync(this.path, { recursive: true })
    const encoder = new TextEncoder()
    await replaceFile(this.data, encoder.encode(writeRunData(data)))
    // Last: with it, there is a run.
    await replaceFile(this.record, encoder.encode(`${JSON.stringify(record, null, 2)}\n`))
  }

  /** Throws USAGE_NO_RUN where there is nothing to resume. */
  open(): { readonly record: RunRecord; readonly data: RunData } {
    const nothing = (cause: unknown) =>
      new CodedError(
        'USAGE_NO_RUN',
        `${this.path} holds no training run to resume`,
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
