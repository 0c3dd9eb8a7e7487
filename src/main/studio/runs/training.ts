/** One run while it trains. Events of the engine are summarised for windows several times a second. */
import type { EngineEvent, TrainStep } from '../../../core/contract/engine.ts'
import type { RunChange, RunState, RunSummary } from '../../../core/contract/studio/runs.ts'
import { CodedError } from '../../../core/errors.ts'
import { PauseSwitch } from '../engine/pause-switch.ts'
import type { TrainingHooks as EngineHooks } from '../engine/supervise.ts'
import { keepPinned } from './pinned.ts'
import { columns } from './run-log.ts'
import type { StoredRun } from './run-store.ts'
import { bestOf } from './summary.ts'

const TELL_EVERY_MS = 250

export interface TrainingHooks {
  /** The summary of the run's folder as it is now. */
  readonly reread: () => RunSummary
  readonly tell: (change: RunChange) => void
  readonly note: (message: string) => void
}

type TrainingState = Extract<RunState, 'running' | 'pausing' | 'paused' | 'stopping'>

export class Training {
  readonly id: string
  readonly #folder: string
  /** Index of the last pinned image. If that image cannot be read, the others are reported with the next step. */
  readonly #lastPinned: number
  readonly #hooks: TrainingHooks
  readonly #pause = new PauseSwitch()
  #summary: RunSummary
  #state: TrainingState = 'running'
  #steps: TrainStep[] = []
  #evaluations: Extract<EngineEvent, { kind: 'evaluated' }>[] = []
  /** The last step with predictions of all pinned images, and the last one with those of some. */
  #pinnedStep: number | null = null
  #pinnedLately: number | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  #onProgress: (run: RunSummary) => void = () => {}

  constructor({ id, folder, summary, note }: StoredRun, hooks: TrainingHooks) {
    this.id = id
    this.#folder = folder
    this.#lastPinned = note.pinned.images.length - 1
    this.#hooks = hooks
    this.#summary = summary
  }

  get summary(): RunSummary {
    return { ...this.#summary, state: this.#state, error: null, resumable: false }
  }

  /** Call this when the run's name has changed. */
  reread(): void {
    const { live, step } = this.#summary
    this.#summary = { ...this.#hooks.reread(), live, step }
    this.#flush()
  }

  pause(): void {
    if (this.#state !== 'running') return
    this.#pause.isPaused = true
    this.#become('pausing')
  }

  continue(): void {
    if (this.#state !== 'paused' && this.#state !== 'pausing') return
    this.#pause.isPaused = false
    this.#become('running')
  }

  /**
   * Does the work of the run, which tells what the engine says, and returns what that returns.
   * @throws CodedError as the work, in the words of the window.
   */
  async run<T>(
    work: (hooks: Required<Pick<EngineHooks, 'onEvent' | 'signal' | 'pause'>>) => Promise<T>,
    signal: AbortSignal,
    onProgress: (run: RunSummary) => void,
  ): Promise<T> {
    this.#onProgress = onProgress
    const stop = (): void => this.#become('stopping')
    signal.addEventListener('abort', stop)
    try {
      const onEvent = (event: EngineEvent): void => this.#receive(event)
      return await work({ onEvent, signal, pause: this.#pause })
    } catch (error) {
      throw inWindowWords(error, this.#summary.step)
    } finally {
      signal.removeEventListener('abort', stop)
      this.#pinnedStep = this.#pinnedLately
      this.#flush()
    }
  }

  #receive(event: EngineEvent): void {
    switch (event.kind) {
      case 'plan':
        this.#summary = { ...this.#hooks.reread(), step: event.resumedFrom ?? 0 }
        break
      case 'step': {
        const { step, device, imagesPerSecond, remainingSeconds, memoryMb, peakMb } = event
        const live = { device, imagesPerSecond, remainingSeconds, memoryMb, peakMb }
        this.#summary = { ...this.#summary, step, live }
        this.#steps.push(event)
        this.#pinnedStep = this.#pinnedLately
        break
      }
      case 'evaluated': {
        const { checkpoint } = this.#hooks.reread()
        const best = event.best ? bestOf([event]) : this.#summary.best
        this.#summary = { ...this.#summary, best, checkpoint }
        this.#evaluations.push(event)
        break
      }
      case 'published':
        // Its classes and images may be others, too.
        this.#summary = { ...this.#hooks.reread(), live: this.#summary.live, step: this.#summary.step }
        break
      case 'pinned':
        this.#keep(event)
        break
      case 'note':
        this.#hooks.note(event.message)
        break
      case 'paused':
        if (this.#state === 'pausing') this.#become('paused')
        break
    }
    this.#timer ??= setTimeout(() => this.#flush(), TELL_EVERY_MS)
  }

  /** A failure to store predictions must not end the run. */
  #keep(seen: Extract<EngineEvent, { kind: 'pinned' }>): void {
    try {
      keepPinned(this.#folder, seen)
      this.#pinnedLately = seen.step
      if (seen.index === this.#lastPinned) this.#pinnedStep = seen.step
    } catch (error) {
      this.#hooks.note(`Predictions of step ${seen.step} could not be saved: ${(error as Error).message}`)
    }
  }

  #become(state: TrainingState): void {
    this.#state = state
    this.#flush()
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const [steps, evaluations] = [this.#steps, this.#evaluations]
    this.#steps = []
    this.#evaluations = []
    const curves =
      steps.length + evaluations.length > 0
        ? {
            steps: steps.map(({ step }) => step),
            figures: columns(
              steps.map(({ figures, ...step }) => ({ ...step, ...figures })),
              steps[0] ?? {},
            ),
            evaluations,
          }
        : null
    this.#hooks.tell({ run: this.summary, curves, pinnedStep: this.#pinnedStep })
    this.#onProgress(this.summary)
  }
}

/** The client's message is written for the command line, where an option resumes a run. */
function inWindowWords(error: unknown, step: number): unknown {
  if (!(error instanceof CodedError) || error.code !== 'ENGINE_DIED') return error
  const memory = /memory/.test(error.remedy ?? '')
    ? 'The usual cause is lack of memory: try a smaller batch or input size. '
    : ''
  const remedy = `${memory}Its last saved state, from step ${step} or earlier, is kept: resume it to continue from there`
  return new CodedError(error.code, error.message, remedy, { cause: error })
}

/** Share of the steps that are done and a line of text, for the report of a job. */
export function progressOf({ step, steps, best, live }: RunSummary): [number | null, string] {
  if (steps === null || live === null) return [null, 'getting ready']
  const minutes = live.remainingSeconds / 60
  const left = minutes < 1 ? `${Math.ceil(live.remainingSeconds)} s` : `${Math.ceil(minutes)} min`
  return [
    step / steps,
    `step ${step} of ${steps}${best ? `, ${best.maskAp === undefined ? 'AP' : 'mask AP'} ${(best.maskAp ?? best.ap).toFixed(3)}` : ''}, ${left} left`,
  ]
}
