import type { z } from 'zod'

/** One call of the studio's API: what it takes and what it answers, both plain JSON. */
export interface Method<Params extends z.ZodType = z.ZodType, Result extends z.ZodType = z.ZodType> {
  readonly params: Params
  readonly result: Result
}

export const method = <Params extends z.ZodType, Result extends z.ZodType>(
  params: Params,
  result: Result,
): Method<Params, Result> => ({ params, result })
