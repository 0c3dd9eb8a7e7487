/** The engine that detects in images for the window, in addition to those that train. */
import type { EngineEvent, EngineHello, EngineResults } from '../../../core/contract/engine.ts'
import type { Engine, WorkRequest } from './client.ts'
import type { PauseSwitch } from './pause-switch.ts'

/**
 * Starts with its first request and stays, with its models loaded. One that has ended is replaced at the next request;
 * what it was at fails with ENGINE_DIED, since a request that kills engines must not do so again unasked.
 */
export class ViewingEngine {
  readonly #start: () => Promise<Engine>
  #engine: Promise<Engine> | null = null

  constructor(start: () => Promise<Engine>) {
    this.#start = start
  }

  /** @throws CodedError as startEngine, and as Engine.call. */
  async call<R extends WorkRequest>(
    request: R,
    onEvent: (event: EngineEvent) => void = () => {},
    signal?: AbortSignal,
    pause?: PauseSwitch,
  ): Promise<EngineResults[R['method']]> {
    const engine = await this.#running()
    return engine.call(request, onEvent, signal, pause)
  }

  async hello(): Promise<EngineHello> {
    return (await this.#running()).hello
  }

  async close(): Promise<void> {
    const closing = this.#engine
    // A request that comes meanwhile starts another engine.
    this.#engine = null
    await (await closing?.catch(() => null))?.close()
  }

  #running(): Promise<Engine> {
    if (!this.#engine) {
      const starting = this.#start()
      const forget = (): void => {
        if (this.#engine === starting) this.#engine = null
      }
      this.#engine = starting
      starting.then(({ ended }) => ended.then(forget), forget)
    }
    return this.#engine
  }
}
