/** `fcos api`: the studio's API for clients in other languages. docs/api.md describes the protocol. */
import { z } from 'zod'
import { STUDIO_EVENTS, STUDIO_METHODS } from '../../../core/contract/studio.ts'
import { LONGEST_MESSAGE } from '../../../core/contract/wire.ts'

type JsonSchema = z.core.JSONSchema.BaseSchema

export interface ApiReport {
  /** In characters. */
  readonly longestMessage: number
  readonly methods: Readonly<Record<string, { readonly params: JsonSchema; readonly result: JsonSchema }>>
  readonly events: Readonly<Record<string, JsonSchema>>
}

export function describeApi(): ApiReport {
  const methods = Object.entries(STUDIO_METHODS).map(([name, { params, result }]) => [
    name,
    { params: z.toJSONSchema(params, { io: 'input' }), result: z.toJSONSchema(result) },
  ])
  const events = Object.entries(STUDIO_EVENTS).map(([name, data]) => [name, z.toJSONSchema(data)])
  return {
    longestMessage: LONGEST_MESSAGE,
    methods: Object.fromEntries(methods),
    events: Object.fromEntries(events),
  }
}

export function renderApi({ methods, events }: ApiReport): string {
  const calls = Object.entries(methods).map(([name, { params }]) => {
    return `${name}(${Object.keys(params.properties ?? {}).join(', ')})`
  })
  return ['Methods', ...calls, '', 'Events', ...Object.keys(events), '', '--json prints their schemas'].join(
    '\n',
  )
}
