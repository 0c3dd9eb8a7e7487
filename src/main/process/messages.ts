/**
 * The messages between a program and its child or thread, sent as structured clones: calls with an id, each answered with
 * events and then one result or error.
 */
import { inspect } from 'node:util'
import { z } from 'zod'
import { CodedError, fromWire, toWire, type WireError } from '../../core/errors.ts'

/** The variable that gives a child the id of its parent, with which it ends. */
export const PARENT = 'FCOS_PARENT'

export type Call<Request> =
  | { readonly id: number; readonly request: Request }
  /** Asks for a call to stop early; it is still answered. */
  | { readonly id: number; readonly cancel: true }

export type Answer<Event, Result> =
  | { readonly kind: 'event'; readonly id: number; readonly event: Event }
  | { readonly kind: 'result'; readonly id: number; readonly result: Result }
  | { readonly kind: 'error'; readonly id: number; readonly error: WireError; readonly stack?: string }

/** Sent once, by programs that report when they are ready for calls. */
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
 * Checks the envelope; the contract of the two sides defines the type of its content.
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
    `${title} sent an invalid message: ${shown}`,
    'Its files may have changed while it was running. Start again',
  )
}

/** An error as an answer. For unexpected errors it includes the stack, for the log. */
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

/** The pending calls, by id. */
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

  /** Passes an answer to its call; false if no call with this id is pending. */
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
  // The place where it was thrown is more useful than the place where it arrived.
  if (stack !== undefined) coded.stack = stack
  return coded
}
