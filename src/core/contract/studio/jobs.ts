/** Long tasks, which report progress, can be cancelled, and are known to every window. */
import { z } from 'zod'
import { method } from './method.ts'
import { Id, None, Nothing, WireErrorValue } from './values.ts'

export const Job = z.object({
  id: Id,
  /** The method that started it. */
  kind: z.string(),
  /** "Import labels from annotations.json" */
  title: z.string(),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  /** Share in [0, 1]; null while it is unknown. */
  progress: z.number().min(0).max(1).nullable(),
  /** The present stage: "1 200 of 5 000 images". */
  detail: z.string(),
  /** Whether cancelling is possible. */
  cancellable: z.boolean(),
  /** As `job` of the starting method describes; null before it is done. */
  result: z.json(),
  error: WireErrorValue.nullable(),
})
export type Job = z.infer<typeof Job>

export const JOB_METHODS = {
  /** Running jobs, and those that ended recently. */
  'jobs.list': method(None, z.array(Job).readonly()),
  /** Does nothing to a job that has ended. */
  'jobs.cancel': method(z.strictObject({ job: Id }), Nothing),
} as const
