/** Answers one call: the boundary at which everything that a window sends is checked. */

import { type Caller, isMethod, STUDIO_METHODS } from '../../../core/contract/studio.ts'
import { CodedError } from '../../../core/errors.ts'
import { firstIssue } from '../../../core/formats/problems.ts'
import { appHandlers } from './app-handlers.ts'
import { evaluationHandlers } from './evaluation-handlers.ts'
import { exportHandlers } from './export-handlers.ts'
import type { Handlers } from './handlers.ts'
import type { StudioHost } from './host.ts'
import { jobHandlers } from './job-handlers.ts'
import { labelHandlers } from './label-handlers.ts'
import { modelHandlers } from './model-handlers.ts'
import { projectHandlers } from './project-handlers.ts'
import { reportHandlers } from './report-handlers.ts'
import { runHandlers } from './run-handlers.ts'

const HANDLERS: Handlers = {
  ...appHandlers,
  ...projectHandlers,
  ...labelHandlers,
  ...jobHandlers,
  ...modelHandlers,
  ...runHandlers,
  ...reportHandlers,
  ...evaluationHandlers,
  ...exportHandlers,
}

/** Throws USAGE_REQUEST for a method that there is not or parameters that its schema refuses, and what the method throws. */
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
