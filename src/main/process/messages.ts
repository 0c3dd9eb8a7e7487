/**
 * What travels between a program and its child or thread, as structured clones: calls with an id, each answered with
 * events and then one result or one error.
 */
import { inspect } from 'node:util'
import { z } from 'zod'
import { CodedError, fromWire, toWire, type WireError } from '../../core/errors.ts'

/** The variable that tells a child the id of the process that it ends with. */
export const PARENT = 'FCOS_PARENT'

export type Call<Request> =
  | { readonly id: number; readonly request: Request }
  /** Asks for an early end of a call, which still has its answer. */
  | { readonly id: number; readonly cancel: true }

export type Answer<Event, Result> =
  | { readonly kind: 'event'; readonly id: number; readonly event: Event }
  | { readonly kind: 'result'; readonly id: number; readonly result: Result }
  | { readonly kind: 'error'; readonly id: number; readonly error: WireError; readonly stack?: string }

/** Sent once, by programs that tell when they are ready for calls. */
export interface Greeting {
  readonly kind: 'hello'
  readonly hello: unknown
}

const Message = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('hello'), hello: z.unknown() }),
  z.object({ kind: z.literal('event'), id: z.int(), event: z.unknown() }),
  z.object({ kind: z.literal('result'), id: z.int(), result: z.unknown() }),
  z.object({
    kind: z.literal('error'),
    id: z.int(),
    error: z.object({
      code: z.custom<WireError['code']>((code) => typeof code === 'string'),
      message: z.string(),
      remedy: z.string().exactOptional(),
    }),
    stack: z.string().exactOptional(),
  }),
])

/**
 * Checks the envelope; what it carries is typed by the contract of the two sides.
 * @param title the sender as the subject of a sentence: "The engine".
 * @throws CodedError ENGINE_PROTOCOL.
 */
export function parseMessage<Event, Result>(
  title: string,
  message: unknown,
): Greeting | Answer<Event, Result> {
  const parsed = Message.safeParse(message)
  if (parsed.success) return parsed.data as Greeting | Answer<Event, Result>
  throw unexpected(title, message)
}

export function unexpected(title: string, message: unknown): CodedError {
  const shown = inspect(message, { breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 3 }).slice(0, 100)
  return new CodedError(
    'ENGINE_PROTOCOL',
    `${title} sent something that this studio does not understand: ${shown}`,
    'Were its files changed while it ran? Start again',
  )
}

/** An error as an answer. The stack of an error that nobody foresaw goes with it, for the log. */
export function failure(id: number, error: unknown): Answer<never, never> {
  const answer = { kind: 'error', id, error: toWire(error) } as const
  return error instanceof CodedError || !(error instanceof Error) || error.stack === undefined
    ? answer
    : { ...answer, stack: error.stack }
}

interface Pending<Request, Event, Result> {
  readonly request: Request
  readonly onEvent: (event: Event) => void
  readonly settle: PromiseWithResolvers<Result>
}

/** The calls that wait for their answers, by id. */
export class PendingCalls<Request, Event, Result> {
  readonly #pending = new Map<number, Pending<Request, Event, Result>>()
  #nextId = 1

  get size(): number {
    return this.#pending.size
  }

  add(
    request: Request,
    onEvent: (event: Event) => void,
  ): { readonly id: number; readonly result: Promise<Result> } {
    const id = this.#nextId++
    const settle = Promise.withResolvers<Result>()
    this.#pending.set(id, { request, onEvent, settle })
    return { id, result: settle.promise }
  }

  /** Hands an answer to its call; false where no call with this id waits. */
  receive(answer: Answer<Event, Result>): boolean {
    const call = this.#pending.get(answer.id)
    if (call === undefined) return false
    if (answer.kind === 'event') {
      call.onEvent(answer.event)
      return true
    }
    this.#pending.delete(answer.id)
    if (answer.kind === 'result') call.settle.resolve(answer.result)
    else call.settle.reject(thrown(answer))
    return true
  }

  fail(errorFor: (request: Request) => unknown): void {
    for (const { request, settle } of this.#pending.values()) settle.reject(errorFor(request))
    this.#pending.clear()
  }
}

function thrown({ error, stack }: Extract<Answer<never, never>, { kind: 'error' }>): CodedError {
  const coded = fromWire(error)
  // Where it was thrown is of more use than where it arrived.
  if (stack !== undefined) coded.stack = stack
  return coded
}
