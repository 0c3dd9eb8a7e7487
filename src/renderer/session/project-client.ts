/**
 * The studio's calls and events for the controllers of one project. After the project has been closed, it sends nothing
 * and delivers neither answers nor events, since the same ids mean other things in the next project.
 */
import type { Caller, EventData, EventName, MethodName, Params, Result } from '../../core/contract/studio.ts'
import type { StudioClient } from '../../core/contract/wire.ts'
import type { ProjectClient } from './controller-context.ts'

export class EndingClient implements ProjectClient {
  readonly #client: StudioClient
  readonly #offs = new Set<() => void>()
  #hasEnded = false

  constructor(client: StudioClient) {
    this.#client = client
  }

  call<Name extends MethodName>(
    name: Name,
    params: Params<Name>,
    sent?: (caller: Caller) => void,
  ): Promise<Result<Name>> {
    return new Promise((resolve, reject) => {
      if (this.#hasEnded) return
      this.#client.call(name, params, sent).then(
        (result) => this.#hasEnded || resolve(result),
        (error: unknown) => this.#hasEnded || reject(error),
      )
    })
  }

  on<Name extends EventName>(event: Name, listener: (data: EventData<Name>) => void): () => void {
    const off = this.#client.on(event, listener)
    this.#offs.add(off)
    return () => {
      off()
      this.#offs.delete(off)
    }
  }

  end(): void {
    this.#hasEnded = true
    for (const off of this.#offs) off()
    this.#offs.clear()
  }
}
