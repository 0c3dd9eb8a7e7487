/** `fcos api`: the studio's API for clients in other languages. docs/api.md describes the protocol. */
import { z } from 'zod'
import { METHOD_DESCRIPTIONS, parameterDescription } from '../../../core/contract/studio/descriptions.ts'
import { type MethodName, STUDIO_EVENTS, STUDIO_METHODS } from '../../../core/contract/studio.ts'
import { LONGEST_MESSAGE } from '../../../core/contract/wire.ts'

type JsonSchema = z.core.JSONSchema.BaseSchema

interface MethodReport {
  readonly description: string
  /** Each parameter with a description. */
  readonly params: JsonSchema
  readonly result: JsonSchema
  /** The result of the job that it starts; null where it answers at once. */
  readonly job: JsonSchema | null
}

export interface ApiReport {
  /** In characters. */
  readonly longestMessage: number
  readonly methods: Readonly<Record<string, MethodReport>>
  readonly events: Readonly<Record<string, JsonSchema>>
}

export function describeApi(): ApiReport {
  const methods = Object.entries(STUDIO_METHODS).map(([name, { params, result, job }]) => [
    name,
    {
      description: METHOD_DESCRIPTIONS[name as MethodName][0],
      params: described(name as MethodName, z.toJSONSchema(params, { io: 'input' })),
      result: z.toJSONSchema(result),
      job: job && z.toJSONSchema(job),
    },
  ])
  const events = Object.entries(STUDIO_EVENTS).map(([name, data]) => [name, z.toJSONSchema(data)])
  return {
    longestMessage: LONGEST_MESSAGE,
    methods: Object.fromEntries(methods),
    events: Object.fromEntries(events),
  }
}

function described(name: MethodName, schema: JsonSchema): JsonSchema {
  const properties = Object.entries(schema.properties ?? {}).map(([key, value]) => {
    const description = parameterDescription(name, key)
    return [key, { ...(value as JsonSchema), ...(description !== undefined && { description }) }]
  })
  return { ...schema, properties: Object.fromEntries(properties) }
}

export function renderApi({ methods, events }: ApiReport): string {
  const calls = Object.entries(methods).map(([name, { description, params, job }]) => {
    const call = `${name}(${Object.keys(params.properties ?? {}).join(', ')})`
    return `${call}\n  ${description}${job ? ' A job.' : ''}`
  })
  return ['Methods', ...calls, '', 'Events', ...Object.keys(events), '', '--json prints their schemas'].join(
    '\n',
  )
}
