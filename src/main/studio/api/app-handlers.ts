/** The studio itself: settings, recent projects, folders, jobs. */
import type { APP_METHODS } from '../../../core/contract/studio/app.ts'
import type { JOB_METHODS } from '../../../core/contract/studio/jobs.ts'
import { listFolder } from './folders.ts'
import type { Handlers } from './handlers.ts'

export const appHandlers: Handlers<keyof typeof APP_METHODS> = {
  'app.info': (host) => host.options.info(),
  'settings.all': (host) => host.settings.all(),
  'settings.set': (host, { key, value }) => {
    host.settings.set(key, value)
    return null
  },
  'recent.list': (host) => host.recent.list(),
  'recent.forget': (host, { path }) => {
    host.recent.forget(path)
    return null
  },
  'folders.list': (_host, { path }) => listFolder(path),
}

export const jobHandlers: Handlers<keyof typeof JOB_METHODS> = {
  'jobs.list': (host) => host.jobs.list(),
  'jobs.cancel': (host, { job }) => {
    host.jobs.cancel(job)
    return null
  },
}
