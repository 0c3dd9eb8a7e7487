/** Commands of the Train place. They act on the run that is shown. */
import type { RunSummary } from '../../core/contract/studio/runs.ts'
import type { Command } from '../commands/commands.svelte.ts'
import type { Studio } from '../session/studio.svelte.ts'

export function trainCommands(studio: Studio, newRun: () => void, compare: () => void): Command[] {
  const { client, runs } = studio
  type Call = 'runs.pause' | 'runs.continue' | 'runs.cancel' | 'runs.resume'
  const steering = (id: string, title: string, call: Call, fits: (run: RunSummary) => boolean): Command => ({
    id,
    title,
    group: 'Model',
    enabled: () => runs.open !== undefined && fits(runs.open),
    run: () => void studio.attempt(client.call(call, { run: runs.open!.id })),
  })
  return [
    { id: 'run.new', title: 'New training run…', group: 'Model', keys: ['n'], run: newRun },
    { id: 'run.compare', title: 'Compare detectors…', group: 'Model', run: compare },
    steering('run.pause', 'Pause training', 'runs.pause', ({ state }) => state === 'running'),
    steering('run.continue', 'Continue training', 'runs.continue', ({ state }) => /^paus/.test(state)),
    steering('run.stop', 'Stop training', 'runs.cancel', ({ state }) => /^(running|paus)/.test(state)),
    steering(
      'run.resume',
      'Resume training',
      'runs.resume',
      ({ resumable }) => resumable && runs.atWork === undefined,
    ),
  ]
}
