/**
 * Runs that are to be compared: the same labels, splits, steps and seed, one after the other. What is asked for and how far it is
 * lies in two files beside the runs, so that it can go on after the program has ended, with the labels as they were at its start.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { RunData, writeRunData } from '../../../core/contract/run-data.ts'
import {
  Comparison,
  type ComparisonRequest,
  PinnedPlan,
  RunPlan,
  type RunSummary,
} from '../../../core/contract/studio/runs.ts'
import { CodedError, toWire } from '../../../core/errors.ts'
import { replaceFileSync } from '../../files/replace-file.ts'
import { runError } from './run-note.ts'

const FILE = 'comparison.json'
const DATA_FILE = 'comparison-data.json'

const Kept = z.strictObject({
  format: z.literal('fcos-studio-comparison'),
  version: z.literal(1),
  created: z.string(),
  pinned: PinnedPlan,
  entries: z.array(Comparison.shape.entries.element.extend({ plan: RunPlan })),
})
type Kept = z.infer<typeof Kept>
type Entry = Kept['entries'][number]

/** What the comparison needs of the project's runs. */
export interface ComparedRuns {
  /** Where its files lie. */
  readonly folder: string
  find(id: string): RunSummary | undefined
  start(plan: RunPlan, pinned: PinnedPlan, name: string, data: RunData): RunSummary
  resume(id: string): RunSummary
  cancel(id: string): void
  changed(): void
}

export class ComparisonQueue {
  readonly #runs: ComparedRuns
  /** Whether it goes on by itself when a run ends. */
  #active = false

  constructor(runs: ComparedRuns) {
    this.#runs = runs
  }

  /** The latest; null where there was none. */
  get(): Comparison | null {
    const kept = this.#read()
    if (!kept) return null
    const isDone = kept.entries.every((entry) => this.#isSettled(entry))
    return {
      created: kept.created,
      state: isDone ? 'done' : this.#active ? 'running' : 'stopped',
      entries: kept.entries.map(({ plan: _, ...entry }) => entry),
    }
  }

  /** Takes the place of the one before, whose runs stay. Throws what the first run's start throws, and IO_RUN. */
  start({ entries, pinned }: ComparisonRequest, data: RunData): Comparison {
    this.#write(DATA_FILE, writeRunData(data))
    this.#keep({
      format: 'fcos-studio-comparison',
      version: 1,
      created: new Date().toISOString(),
      pinned,
      entries: entries.map((entry) => ({ ...entry, run: null, error: null })),
    })
    this.#active = true
    this.#next()
    return this.get()!
  }

  /** Goes on with the run that was stopped, or else with the next. Throws USAGE_COMPARISON, USAGE_TRAINING, IO_RUN. */
  continue(): Comparison {
    const kept = this.#read()
    const open = kept?.entries.find((entry) => !this.#isSettled(entry))
    if (!open)
      throw new CodedError('USAGE_COMPARISON', 'There is no comparison to go on with', 'Start a new one')
    this.#active = true
    const run = open.run === null ? undefined : this.#runs.find(open.run)
    if (run?.resumable) this.#runs.resume(run.id)
    else {
      // What has no saved state begins anew; its folder stays, as a run that was stopped.
      if (open.run !== null) this.#change(open, { run: null })
      this.#next()
    }
    return this.get()!
  }

  /** The run under way is saved and stopped, and no other starts. */
  cancel(): void {
    this.#active = false
    const run = this.#read()?.entries.find(({ run }) => run !== null && this.#isOpen(run))?.run
    if (run) this.#runs.cancel(run)
    this.#runs.changed()
  }

  /** Call when a run has ended, whichever: one that the user stopped stops the comparison too. */
  ended(id: string): void {
    const entry = this.#read()?.entries.find(({ run }) => run === id)
    if (!this.#active || !entry) return
    const run = this.#runs.find(id)
    try {
      if (run?.error) this.#change(entry, { error: run.error })
      if (run?.state === 'stopped') this.#active = false
      else this.#next()
    } catch {
      // It counts as stopped, and says why when the user lets it go on.
      this.#active = false
    }
    this.#runs.changed()
  }

  /** Starts the next run that can start; those that cannot keep why. Throws USAGE_TRAINING, IO_RUN. */
  #next(): void {
    for (;;) {
      const kept = this.#read()
      const entry = kept?.entries.find((one) => one.run === null && one.error === null)
      if (!kept || !entry) {
        this.#active = false
        return
      }
      try {
        const run = this.#runs.start(this.#planOf(entry, kept), kept.pinned, entry.title, this.#data())
        this.#change(entry, { run: run.id })
        return
      } catch (error) {
        const { code } = toWire(error)
        if (code === 'USAGE_TRAINING' || code === 'IO_RUN') {
          this.#active = false
          throw error
        }
        this.#change(entry, { error: toWire(error) })
      }
    }
  }

  #planOf({ plan, after }: Entry, { entries }: Kept): RunPlan {
    if (after === null) return plan
    const before = entries[after]
    if (before?.run && this.#runs.find(before.run)?.checkpoint)
      return { ...plan, model: { kind: 'run', run: before.run } }
    throw new CodedError(
      'USAGE_RUN',
      `${before?.title ?? 'The run'} that this starts from has no model`,
      'Start a new comparison with both',
    )
  }

  /** Done, failed, or deleted since. */
  #isSettled({ run, error }: Entry): boolean {
    if (error !== null) return true
    if (run === null) return false
    const found = this.#runs.find(run)
    return found === undefined || found.state === 'done' || found.state === 'failed'
  }

  #isOpen(id: string): boolean {
    const run = this.#runs.find(id)
    return run !== undefined && run.state !== 'done' && run.state !== 'failed'
  }

  #data(): RunData {
    return RunData.parse(JSON.parse(readFileSync(path.join(this.#runs.folder, DATA_FILE), 'utf8')))
  }

  #read(): Kept | null {
    try {
      return Kept.parse(JSON.parse(readFileSync(path.join(this.#runs.folder, FILE), 'utf8')))
    } catch {
      return null
    }
  }

  #change(entry: Entry, change: Partial<Entry>): void {
    const kept = this.#read()
    if (!kept) return
    const at = kept.entries.findIndex(({ title }) => title === entry.title)
    this.#keep({ ...kept, entries: kept.entries.with(at, { ...kept.entries[at]!, ...change }) })
  }

  #keep(kept: Kept): void {
    this.#write(FILE, `${JSON.stringify(kept, null, 2)}\n`)
  }

  #write(name: string, text: string): void {
    try {
      mkdirSync(this.#runs.folder, { recursive: true })
      replaceFileSync(path.join(this.#runs.folder, name), text)
    } catch (cause) {
      throw runError(this.#runs.folder, cause)
    }
  }
}
