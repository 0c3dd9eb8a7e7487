/**
 * Steps that can be undone and redone without limit, also after the program was closed or killed.
 *
 * A step is what one undo takes back: a change, or a gesture of many changes such as a drag. Each change is a
 * transaction of its own that holds both the new rows and those that bring the old state back. A gesture that a crash
 * interrupted is taken back when the project is opened next.
 */
import { CodedError } from '../../../core/errors.ts'
import type { Database } from './database.ts'
import {
  dropLog,
  dropUnchanged,
  exchange,
  installRecording,
  isEmptyLog,
  record,
  type Touched,
  touched,
} from './recording.ts'

export interface Step {
  readonly id: number
  /** What happened, for a menu: "Move box". */
  readonly label: string
  /** ISO 8601, by the clock of the machine. */
  readonly at: string
  readonly state: 'done' | 'undone'
}

/** A step that was just done, undone or redone, and what it changed. */
export interface StepEffect extends Touched {
  /** The step's id. */
  readonly step: number
  readonly label: string
}

/** A series of changes that become one step. */
export interface Gesture {
  extend<Result>(work: () => Result): Result
  /** Ends the gesture. If nothing has changed in the end, there is no step. */
  commit(): void
  /** Ends the gesture and reverts its changes, as Escape does. */
  cancel(): void
}

interface OpenStep {
  readonly step: number
  readonly log: number
  readonly label: string
}

export class History {
  readonly #database: Database
  readonly #refusal: CodedError | undefined
  readonly #listeners = new Set<(effect: StepEffect) => void>()
  #open: OpenStep | undefined
  /** Set while an exclusive gesture is open. */
  #claim: { readonly label: string } | undefined
  #recording = false
  /** The label of a gesture that a crash interrupted and that was taken back. */
  readonly interrupted: string | undefined

  /** `refusal` is thrown by every change of a project that is open for reading only. */
  constructor(database: Database, refusal?: CodedError) {
    this.#database = database
    this.#refusal = refusal
    if (refusal === undefined) {
      installRecording(database)
      const left = this.#find('open', 'DESC')
      if (left !== undefined) this.#takeBack(left)
      this.interrupted = left?.label
    }
  }

  /**
   * Runs synchronous work as one step: all of it is saved when this returns, none of it if it throws. Inside another
   * change it is part of that one. Work that changes nothing is no step.
   */
  change<Result>(label: string, work: () => Result): Result {
    if (this.#recording) return work()
    this.#settle()
    const { result, kept } = this.#newStep(label, 'done', work)
    if (kept) this.#tell(this.#effectOf(kept))
    return result
  }

  /**
   * Begins a gesture. Any other change ends it first, unless it is exclusive: then others are refused with
   * USAGE_PROJECT_BUSY until it ends.
   */
  begin(label: string, { exclusive = false } = {}): Gesture {
    this.#settle()
    const claim = { label }
    if (exclusive) this.#claim = claim
    const release = (): void => {
      if (this.#claim === claim) this.#claim = undefined
    }
    let own: OpenStep | undefined
    const isOpen = (): boolean => own !== undefined && this.#open === own
    return {
      extend: (work) => {
        if (this.#recording) return work()
        if (isOpen()) return this.#extend(own!, work)
        this.#settle(claim)
        const { result, kept } = this.#newStep(label, 'open', work)
        own = this.#open = kept
        if (kept) this.#tell(this.#effectOf(kept))
        return result
      },
      commit: () => {
        if (isOpen()) this.#commit()
        release()
      },
      cancel: () => {
        release()
        if (!isOpen()) return
        this.#open = undefined
        this.#takeBack(own!)
      },
    }
  }

  /**
   * Undefined if there is nothing to undo. An open gesture is ended and undone.
   * @param step the id of the step to undo, where it must be that one; throws USAGE_STEP if it is not the last.
   */
  undo(step?: number): StepEffect | undefined {
    return this.#move('done', 'DESC', 'undone', step)
  }

  /** Undefined if there is nothing to redo. */
  redo(): StepEffect | undefined {
    return this.#move('undone', 'ASC', 'done')
  }

  /** Labels of what undo would take back and redo would do again. */
  next(): { undo: string | null; redo: string | null } {
    return {
      undo: this.#open?.label ?? this.#find('done', 'DESC')?.label ?? null,
      redo: this.#open ? null : (this.#find('undone', 'ASC')?.label ?? null),
    }
  }

  /** The latest steps, newest first, those that were undone included. */
  steps(limit = 100): Step[] {
    return this.#database.all<Step>(
      `SELECT id, label, at, iif(state = 'undone', 'undone', 'done') AS state FROM step ORDER BY id DESC LIMIT ?`,
      limit,
    )
  }

  /**
   * Clears the history, so that nothing before this moment can be undone or redone. A project that is handed to the
   * user ready-made starts this way.
   */
  forget(): void {
    this.#settle()
    this.#database.transaction(() => {
      this.#drop('done')
      this.#drop('undone')
    })
  }

  /** Ends an open gesture, or takes it back if it is exclusive: an import that is only half there. */
  close(): void {
    if (this.#open && this.#claim) {
      const half = this.#open
      this.#open = undefined
      this.#takeBack(half)
    }
    this.#commit()
  }

  /** Calls back after every step done, undone or redone, and every extension of a gesture. Returns how to stop. */
  subscribe(listener: (effect: StepEffect) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Ends an open gesture so that another change can begin. Throws if the gesture is exclusive. */
  #settle(claim?: { readonly label: string }): void {
    if (this.#refusal) throw this.#refusal
    if (this.#claim && this.#claim !== claim) {
      throw new CodedError(
        'USAGE_PROJECT_BUSY',
        `"${this.#claim.label}" is in progress`,
        'Wait for it or cancel it',
      )
    }
    this.#commit()
  }

  #commit(): void {
    if (this.#open === undefined) return
    const { step, log } = this.#open
    this.#database.transaction(() => {
      dropUnchanged(this.#database, log)
      if (isEmptyLog(this.#database, log)) this.#database.run('DELETE FROM step WHERE id = ?', step)
      else this.#database.run(`UPDATE step SET state = 'done' WHERE id = ?`, step)
    })
    this.#open = undefined
  }

  #extend<Result>(open: OpenStep, work: () => Result): Result {
    const result = this.#database.transaction(() => this.#record(open.log, work))
    this.#tell(this.#effectOf(open))
    return result
  }

  /** Runs work as a new step, which is kept only if anything changed. */
  #newStep<Result>(
    label: string,
    state: 'open' | 'done',
    work: () => Result,
  ): { result: Result; kept: OpenStep | undefined } {
    return this.#database.transaction(() => {
      const log = this.#nextLog()
      const { lastId } = this.#database.run(
        'INSERT INTO step (log, label, at, state) VALUES (?, ?, ?, ?)',
        log,
        label,
        new Date().toISOString(),
        state,
      )
      const result = this.#record(log, work)
      if (isEmptyLog(this.#database, log)) {
        this.#database.run('DELETE FROM step WHERE id = ?', lastId)
        return { result, kept: undefined }
      }
      // What was undone before cannot be redone after a new change.
      this.#drop('undone')
      return { result, kept: { step: lastId, log, label } }
    })
  }

  #nextLog(): number {
    return this.#database.get<{ log: number }>('SELECT coalesce(max(log), 0) + 1 AS log FROM step')!.log
  }

  #record<Result>(log: number, work: () => Result): Result {
    this.#recording = true
    try {
      return record(this.#database, log, work)
    } finally {
      this.#recording = false
    }
  }

  #drop(state: Step['state']): void {
    for (const { log } of this.#database.all<{ log: number }>(
      'SELECT log FROM step WHERE state = ?',
      state,
    )) {
      dropLog(this.#database, log)
    }
    this.#database.run('DELETE FROM step WHERE state = ?', state)
  }

  #move(
    from: 'done' | 'undone',
    order: 'ASC' | 'DESC',
    to: 'done' | 'undone',
    wanted?: number,
  ): StepEffect | undefined {
    this.#settle()
    const found = this.#find(from, order)
    if (wanted !== undefined && found?.step !== wanted) throw this.#notLast(wanted, found)
    if (found === undefined) return undefined
    const log = this.#nextLog()
    this.#database.transaction(() => {
      exchange(this.#database, found.log, log)
      this.#database.run('UPDATE step SET log = ?, state = ? WHERE id = ?', log, to, found.step)
    })
    const effect = this.#effectOf({ ...found, log })
    this.#tell(effect)
    return effect
  }

  #notLast(id: number, last: OpenStep | undefined): CodedError {
    const step = this.#database.get<Step>('SELECT id, label, at, state FROM step WHERE id = ?', id)
    if (step?.state !== 'done' || last === undefined) {
      return new CodedError('USAGE_STEP', `${step ? `"${step.label}"` : 'That step'} is already undone`)
    }
    return new CodedError(
      'USAGE_STEP',
      `"${step.label}" is no longer the last step: "${last.label}" came after it. Nothing was undone`,
      'Undo what came after it first',
    )
  }

  #takeBack(open: OpenStep): void {
    const log = this.#nextLog()
    const effect = this.#database.transaction(() => {
      exchange(this.#database, open.log, log)
      const seen = this.#effectOf({ ...open, log })
      dropLog(this.#database, log)
      this.#database.run('DELETE FROM step WHERE id = ?', open.step)
      return seen
    })
    this.#tell(effect)
  }

  #find(state: string, order: 'ASC' | 'DESC'): OpenStep | undefined {
    return this.#database.get(
      `SELECT id AS step, log, label FROM step WHERE state = ? ORDER BY id ${order} LIMIT 1`,
      state,
    )
  }

  #effectOf({ step, label, log }: OpenStep): StepEffect {
    return { step, label, ...touched(this.#database, log) }
  }

  #tell(effect: StepEffect): void {
    for (const listener of this.#listeners) listener(effect)
  }
}
