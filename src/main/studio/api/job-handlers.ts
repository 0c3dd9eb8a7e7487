import type { JOB_METHODS } from '../../../core/contract/studio/jobs.ts'
import type { Handlers } from './handlers.ts'

export const jobHandlers: Handlers<keyof typeof JOB_METHODS> = {
  'jobs.list': (host) => host.jobs.list(),
  'jobs.cancel': (host, { job }) => {
    host.jobs.cancel(job)
    return null
  },
}
