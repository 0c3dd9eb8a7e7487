import { z } from 'zod'
import { Id } from './values.ts'

/** One call of the studio's API: what it takes and what it answers, both plain JSON. */
export interface Method<
  Params extends z.ZodType = z.ZodType,
  Result extends z.ZodType = z.ZodType,
  JobResult extends z.ZodType | null = z.ZodType | null,
> {
  readonly params: Params
  readonly result: Result
  /** The result of the job that it starts, as events and jobs.list tell it; null of a method that answers at once. */
  readonly job: JobResult
}

export const method = <Params extends z.ZodType, Result extends z.ZodType>(
  params: Params,
  result: Result,
): Method<Params, Result, null> => ({ params, result, job: null })

/** The answer of calls that start a job: its id. */
export const JobId = z.object({ job: Id })

export const startsJob = <Params extends z.ZodType, JobResult extends z.ZodType>(
  params: Params,
  job: JobResult,
): Method<Params, typeof JobId, JobResult> => ({ params, result: JobId, job })
