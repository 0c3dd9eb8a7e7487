/**
 * A studio for unit tests of the window's controllers: calls are answered by the functions that a test gives, held back
 * until it lets them go, and recorded.
 */
import type { ProjectSummary } from '../../src/core/contract/studio/project.ts'
import type {
  Caller,
  EventData,
  EventName,
  MethodName,
  Params,
  Result,
} from '../../src/core/contract/studio.ts'
import type { StudioClient } from '../../src/core/contract/wire.ts'
import type { ProjectAnnotation } from '../../src/core/project/model.ts'
import type { ClassEntry } from '../../src/renderer/session/controller-context.ts'
import { Messages } from '../../src/renderer/session/messages.svelte.ts'

type Answers = { [Name in MethodName]?: (params: Params<Name>) => Result<Name> | Promise<Result<Name>> }

export interface RecordedCall {
  readonly method: MethodName
  readonly params: unknown
}

export class StandInClient implements StudioClient {
  answers: Answers
  readonly calls: RecordedCall[] = []
  onClose = (): void => {}
  readonly #listeners = new Map<EventName, Set<(data: never) => void>>()

  constructor(answers: Answers = {}) {
    this.answers = answers
  }

  async call<Name extends MethodName>(
    name: Name,
    params: Params<Name>,
    sent?: (caller: Caller) => void,
  ): Promise<Result<Name>> {
    this.calls.push({ method: name, params })
    sent?.({ client: 'this window', call: this.calls.length })
    const answer = this.answers[name]
    if (!answer) throw new Error(`No answer to ${name} in this test`)
    return answer(params)
  }

  on<Name extends EventName>(event: Name, listener: (data: EventData<Name>) => void): () => void {
    const set = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, set.add(listener as never))
    return () => set.delete(listener as never)
  }

  emit<Name extends EventName>(event: Name, data: EventData<Name>): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(data as never)
  }

  /** Of the calls of one method, what they were given. */
  sent<Name extends MethodName>(method: Name): Params<Name>[] {
    return this.calls.filter((one) => one.method === method).map(({ params }) => params as Params<Name>)
  }
}

export const summaryOf = (change: Partial<ProjectSummary> = {}): ProjectSummary => ({
  path: '/projects/cells/project.fcos',
  name: 'cells',
  imageRoot: '/projects/cells',
  readOnly: null,
  interrupted: null,
  images: 3,
  byState: { new: 3, 'in-progress': 0, done: 0, ignored: 0 },
  bySplit: { train: 0, val: 0, test: 0, none: 3 },
  labelledImages: 0,
  labels: 0,
  proposals: 0,
  errors: 0,
  removed: 0,
  undo: null,
  redo: null,
  ...change,
})

export const classOf = (id: number, name: string): ClassEntry =>
  ({ id, name, colour: '#ff0000', labels: 0 }) as ClassEntry

export const annotationOf = (id: number, change: Partial<ProjectAnnotation> = {}): ProjectAnnotation => ({
  id,
  imageId: 1,
  classId: 1,
  box: [10, 10, 30, 30],
  crowd: false,
  difficult: false,
  source: 'drawn',
  model: null,
  score: null,
  area: null,
  segmentation: null,
  attributes: null,
  ...change,
})

/** What a controller knows of the studio around it; two classes, `die` and `marble`. */
export class StandInContext {
  readonly client: StandInClient
  readonly messages = new Messages()
  project = $state.raw<ProjectSummary | null>(summaryOf())
  canEdit = $state(true)
  classes = $state.raw<readonly ClassEntry[]>([classOf(1, 'die'), classOf(2, 'marble')])
  readonly classById = $derived(new Map(this.classes.map((entry) => [entry.id, entry])))

  constructor(client: StandInClient) {
    this.client = client
  }

  async attempt<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await work
    } catch (error) {
      this.messages.showError(error)
      return undefined
    }
  }
}

/** Resolves when all that is on its way without timers has arrived. */
export const idle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
