/** Answers one call: the boundary at which everything that a window sends is checked. */

import { type Caller, isMethod, STUDIO_METHODS } from '../../../core/contract/studio.ts'
import { CodedError } from '../../../core/errors.ts'
import { firstIssue } from '../../../core/formats/problems.ts'
import { appHandlers, jobHandlers } from './app-handlers.ts'
import type { Handlers } from './handlers.ts'
import type { StudioHost } from './host.ts'
import {
  assistHandlers,
  evaluationHandlers,
  exportHandlers,
  modelHandlers,
  reportHandlers,
  runHandlers,
} from './model-handlers.ts'
import { labelHandlers, projectHandlers } from './project-handlers.ts'

const HANDLERS: Handlers = {
  ...appHandlers,
  ...projectHandlers,
  ...labelHandlers,
  ...jobHandlers,
  ...modelHandlers,
  ...assistHandlers,
  ...runHandlers,
  ...reportHandlers,
  ...evaluationHandlers,
  ...exportHandlers,
}

/** Throws USAGE_REQUEST for an unknown method or invalid parameters, and the errors of the method. */
export async function dispatch(
  host: StudioHost,
  name: string,
  params: unknown,
  caller: Caller | null = null,
): Promise<unknown> {
  if (!isMethod(name))
    throw new CodedError('USAGE_REQUEST', `There is no method ${JSON.stringify(name.slice(0, 100))}`)
  const parsed = STUDIO_METHODS[name].params.safeParse(params)
  if (!parsed.success) throw new CodedError('USAGE_REQUEST', `${name}: ${firstIssue(parsed.error)}`)
  const handler = HANDLERS[name] as (host: StudioHost, params: unknown) => unknown
  return host.onBehalfOf(caller, () => handler(host, parsed.data))
}
