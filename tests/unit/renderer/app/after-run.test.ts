/** What the bar says of the model in use when a run has ended. */
import { expect, test } from 'vitest'
import type { CurrentModel } from '../../../../src/core/contract/studio/models.ts'
import type { RunSummary } from '../../../../src/core/contract/studio/runs.ts'
import { offerNextSteps } from '../../../../src/renderer/app/next-step-commands.ts'
import { NextSteps } from '../../../../src/renderer/session/next-steps.svelte.ts'
import type { Studio } from '../../../../src/renderer/session/studio.svelte.ts'
import { idle, StandInClient } from '../../../support/stand-in-studio.svelte.ts'

const best = (ap: number | null): RunSummary['best'] => (ap === null ? null : { step: 8, ap, ap50: ap })
const runOf = (name: string, ap: number | null, assist = false) =>
  ({
    ...{ id: name, name, state: 'done', best: best(ap), checkpoint: `/${name}`, overfit: false, error: null },
    ...(assist && { assist }),
  }) as RunSummary
const modelOf = (name: string): CurrentModel => ({ path: `/${name}`, title: name, origin: 'run', key: name })

/** The bar after `run` has ended with `current` in use. */
async function after(run: RunSummary, current: CurrentModel, others: readonly RunSummary[]) {
  const client = new StandInClient()
  const next = new NextSteps()
  const used: (string | null)[] = []
  const model = {
    ...{ current, all: [], refresh: async () => {} },
    use: async (path: string | null) => {
      used.push(path)
      return current
    },
  }
  offerNextSteps({ client, next, model, runs: { all: [run, ...others] } } as unknown as Studio)
  for (const state of ['running', 'done'] as const)
    client.emit('run', { run: { ...run, state }, curves: null, pinnedStep: null })
  await idle()
  const { text, actions } = next.current!
  return { text: text(), actions, used }
}

test('what a better run replaced is named, with a way back', async () => {
  const current = { ...modelOf('Run 2'), replaced: modelOf('Run 1') }
  const { text, actions, used } = await after(runOf('Run 2', 0.8), current, [runOf('Run 1', 0.794)])
  expect(text).toBe('Run 2 is done: AP 0.800. In use now, instead of Run 1 with AP 0.794.')
  const back = actions.find(({ title }) => title === 'Use Run 1 again')!
  ;(back.command as () => void)()
  expect(used).toEqual(['/Run 1'])
})

test.each([
  [
    'was measured better',
    [runOf('Run 1', 0.794)],
    'Run 2 is done: AP 0.001. Run 1 stays in use, with AP 0.794.',
  ],
  [
    'was not measured',
    [runOf('Run 1', null, true)],
    'Run 2 is done: AP 0.001. Run 1 stays in use: its AP is unknown, so the two cannot be compared.',
  ],
  [
    'is no run',
    [],
    'Run 2 is done: AP 0.001. Run 1 stays in use: its AP is unknown, so the two cannot be compared.',
  ],
  [
    'was measured on other labels',
    [runOf('Run 1', 0)],
    'Run 2 is done: AP 0.001. Run 1 stays in use, with AP 0.000 on other validation labels, which cannot be compared.',
  ],
])('what stays in use because it %s is named, and the run can be used instead', async (_, others, words) => {
  const { text, actions } = await after(runOf('Run 2', 0.001), modelOf('Run 1'), others)
  expect(text).toBe(words)
  expect(actions.map(({ title }) => title)).toEqual(['Show run', 'Use Run 2'])
})
