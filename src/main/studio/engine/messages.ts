/** What may come from the engine's process. The envelope is checked; what it carries is typed by the contract. */
import { inspect } from 'node:util'
import { z } from 'zod'
import type { EngineEvent, EngineHello, EngineMessage, EngineResults } from '../../../core/contract/engine.ts'
import { CodedError, type WireError } from '../../../core/errors.ts'

const Wire = z.custom<WireError>(
  (value) =>
    z.object({ code: z.string(), message: z.string(), remedy: z.string().optional() }).safeParse(value)
      .success,
)

const Message = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('hello'),
    hello: z.custom<EngineHello>(
      (value) => z.object({ probe: z.instanceof(Float32Array) }).safeParse(value).success,
    ),
  }),
  z.object({
    kind: z.literal('event'),
    id: z.int(),
    event: z.custom<EngineEvent>((value) => z.object({ kind: z.string() }).safeParse(value).success),
  }),
  z.object({
    kind: z.literal('result'),
    id: z.int(),
    result: z.custom<EngineResults[keyof EngineResults]>((value) => typeof value === 'object'),
  }),
  z.object({ kind: z.literal('error'), id: z.int(), error: Wire }),
])

/** @throws CodedError ENGINE_PROTOCOL for anything that the contract does not know. */
export function parseMessage(message: unknown): EngineMessage {
  const parsed = Message.safeParse(message)
  if (parsed.success) return parsed.data
  throw unexpected(message)
}

export function unexpected(message: unknown): CodedError {
  const shown = inspect(message, { breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 3 }).slice(0, 100)
  return new CodedError(
    'ENGINE_PROTOCOL',
    `The engine sent something that this studio does not understand: ${shown}`,
    'Were its files changed while it ran? Start again',
  )
}
