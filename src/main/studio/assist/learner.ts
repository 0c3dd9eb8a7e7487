/** The engine that learns beside a person's work: what it starts from, and what happens when it dies. */
import type { AssistLabelsRequest, EngineData, EngineEvent } from '../../../core/contract/engine.ts'
import type { CurrentModel } from '../../../core/contract/studio/models.ts'
import type { TrainingFile } from '../../../core/contract/training.ts'
import { CodedError } from '../../../core/errors.ts'
import type { Engine } from '../engine/client.ts'
import { readRuntimeRecord } from '../engine/environment.ts'
import type { EnginePlace } from '../engine/place.ts'
import { startEngine } from '../engine/spawn.ts'
import { startingWeights } from '../engine/starting-weights.ts'
import { aboutCheckpoint, architectureOfFile } from '../engine/weights-file.ts'
import type { LiveControl } from '../runs/runs.ts'

/**
 * Milliseconds that the engine gets to save what it knows when Assist is switched off. One that is in the midst of a step
 * by then is killed: what was published last is kept, a few seconds old.
 */
const PATIENCE_MS = 700
/** Milliseconds that the engine gets to start: of all programs it is the last to get the processor. */
const START_MS = 600_000
/** Deaths of the engine in a row after which the learner gives up. */
const MOST_DEATHS = 3

/** What a new run starts from. */
export interface LearnerStart {
  readonly weights: string | null
  readonly architecture: 'lite0' | null
  readonly options: TrainingFile
  readonly title: string
}

/** Of a run that goes on: its folder says everything else. */
export const NO_START: LearnerStart = { weights: null, architecture: null, title: '', options: {} }

/**
 * The model in use, if it is light enough to learn beside a person's work, or else pretrained weights of one that is.
 *
 * @param note is told about downloads, and about starting from nothing where they fail.
 */
export async function learnerStart(
  model: CurrentModel | null,
  place: EnginePlace | undefined,
  note: (line: string) => void,
): Promise<LearnerStart> {
  const isLight =
    model && (readRuntimeRecord(place).device === 'gpu' || (await architectureOfFile(model.path)) === 'lite0')
  if (model && isLight) {
    // At the size at which it has learnt to see.
    const input = (await aboutCheckpoint(model.path))?.config.input
    const options = input ? { training: { size: input.longSide } } : {}
    return { weights: model.path, architecture: null, title: model.title, options }
  }
  const { file } = await startingWeights('lite0', note)
  const title = file ? 'lite0, ImageNet weights' : 'lite0, from nothing'
  return { weights: file, architecture: 'lite0', title, options: {} }
}

export interface LearnerRun extends LearnerStart {
  /** Of the run. */
  readonly folder: string
  readonly resume: boolean
  /** All that there is to learn from when an engine starts. */
  data(): EngineData
}

export class Learner {
  readonly #place: EnginePlace | undefined
  #engine: Engine | null = null

  constructor(place: EnginePlace | undefined) {
    this.#place = place
  }

  /**
   * Learns until it is cancelled. An engine that dies is replaced, and goes on with what was published last.
   *
   * @param receive is told of all events; processor seconds are those of all engines together.
   * @throws CodedError of the engine; ENGINE_DIED after several deaths without progress.
   */
  async learn(
    { folder, resume: resumes, data, weights, architecture, options }: LearnerRun,
    { signal, pause, note }: Pick<LiveControl, 'signal' | 'pause' | 'note'>,
    receive: (event: EngineEvent) => void,
  ): Promise<void> {
    let [deaths, resume, spentBefore, spent] = [0, resumes, 0, 0]
    const onEvent = (event: EngineEvent): void => {
      if (event.kind === 'published') [resume, deaths] = [true, 0]
      if (event.kind === 'assist') {
        spent = spentBefore + event.cpuSeconds
        receive({ ...event, cpuSeconds: spent })
      } else receive(event)
    }
    while (!signal.aborted) {
      const place = this.#place && { place: this.#place }
      const engine = await startEngine({ background: true, helloTimeout: START_MS, signal, ...place }).catch(
        (error: unknown) => {
          if (signal.aborted) return null
          throw error
        },
      )
      if (!engine) return
      try {
        const start = { out: folder, weights, architecture, options, resume, data: data() }
        const work = engine.call({ method: 'assist', ...start }, onEvent, signal, pause)
        this.#engine = engine
        await Promise.race([work, afterAbort(signal, PATIENCE_MS)])
        work.catch(() => {})
      } catch (error) {
        const died = error instanceof CodedError && error.code === 'ENGINE_DIED'
        if (!died || signal.aborted || ++deaths > MOST_DEATHS) throw error
        note(`${error.message}. Assist goes on with what it had published last`)
      } finally {
        this.#engine = null
        spentBefore = spent
        await engine.close(signal.aborted ? 0 : undefined)
      }
    }
  }

  get isAtWork(): boolean {
    return this.#engine !== null
  }

  /**
   * Hands on labels that changed. An engine that is about to start is given all labels as they are then, and so is the next
   * one where this one ends meanwhile.
   */
  async tell(changes: Omit<AssistLabelsRequest, 'method'>): Promise<void> {
    const engine = this.#engine
    try {
      await engine?.call({ method: 'assist-labels', ...changes }, () => {})
    } catch (error) {
      const ended = error instanceof CodedError && ['ENGINE_DIED', 'ENGINE_CLOSED'].includes(error.code)
      if (!ended && this.#engine === engine) throw error
    }
  }
}

/** Resolves so long after the signal was aborted: then nobody waits any more. */
async function afterAbort(signal: AbortSignal, milliseconds: number): Promise<void> {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  await new Promise((resolve) => setTimeout(resolve, milliseconds))
}
