import type { RUN_METHODS } from '../../../core/contract/studio/runs.ts'
import { usualSplits } from '../runs/plan.ts'
import type { Handlers } from './handlers.ts'

export const runHandlers: Handlers<keyof typeof RUN_METHODS> = {
  'runs.list': ({ runs }) => runs.list(),
  'runs.splits': ({ project }) => usualSplits(project),
  'runs.propose': ({ runs }, plan) => runs.propose(plan),
  'runs.probe': ({ runs }, plan) => runs.probe(plan),
  'runs.start': ({ runs }, { plan, pinned, name }) => runs.start(plan, pinned, name),
  'runs.pause': ({ runs }, { run }) => {
    runs.pause(run)
    return null
  },
  'runs.continue': ({ runs }, { run }) => {
    runs.continue(run)
    return null
  },
  'runs.cancel': ({ runs }, { run }) => {
    runs.cancel(run)
    return null
  },
  'runs.resume': ({ runs }, { run }) => runs.resume(run),
  'runs.curves': ({ runs }, { run, after }) => runs.curves(run, after),
  'runs.detail': ({ runs }, { run }) => runs.detail(run),
  'runs.rename': ({ runs }, { run, name }) => runs.rename(run, name),
  'runs.delete': async ({ runs }, { run }) => {
    await runs.delete(run)
    return null
  },
}
