import { beforeEach, describe, expect, test } from 'vitest'
import type { RunData } from '../../../../src/core/contract/run-data.ts'
import type { ComparisonRequest, RunPlan, RunSummary } from '../../../../src/core/contract/studio/runs.ts'
import { CodedError } from '../../../../src/core/errors.ts'
import { type ComparedRuns, ComparisonQueue } from '../../../../src/main/studio/runs/comparison.ts'
import { scratch } from '../../../support/scratch.ts'

const plan = (steps: number): RunPlan => ({
  model: { kind: 'pretrained', architecture: 'lite0' },
  ...{ learnFrom: null, measureWith: null, overfit: null },
  options: { training: { steps } },
})
const entry = (title: string, after: number | null = null) => ({ title, after, plan: plan(title.length) })
const request = (...entries: ReturnType<typeof entry>[]): ComparisonRequest => ({
  entries,
  pinned: { images: [], every: 1 },
})
const data: RunData = { data: { categories: [{ id: 1, name: 'cell' }], images: [] }, validation: null }

type Run = Pick<RunSummary, 'id' | 'name' | 'state' | 'error' | 'resumable' | 'checkpoint'> & {
  plan: RunPlan
  data: RunData
}

let runs: Run[]
let surroundings: ComparedRuns
let refused: string | null

beforeEach(async () => {
  runs = []
  refused = null
  const find = (id: string) => runs.find((run) => run.id === id)
  surroundings = {
    folder: await scratch(),
    find: (id) => find(id) as RunSummary | undefined,
    start(plan, _, name, data) {
      if (refused === name) throw new CodedError('USAGE_RUN', 'No')
      const id = `20260101-000000-00${runs.length}`
      runs.push({
        id,
        name,
        plan,
        data,
        state: 'running',
        error: null,
        resumable: false,
        checkpoint: '/best',
      })
      return find(id) as unknown as RunSummary
    },
    resume: (id) => end(id, { state: 'running' }),
    cancel: (id) => end(id, { state: 'stopped' }),
    changed: () => {},
  }
})

function end(id: string, change: Partial<Run>): RunSummary {
  const at = runs.findIndex((run) => run.id === id)
  runs[at] = { ...runs[at]!, ...change }
  return runs[at] as unknown as RunSummary
}
const ids = (queue: ComparisonQueue) => queue.get()!.entries.map(({ run }) => run)

describe('a comparison of detectors', () => {
  test('one after the other, on the labels of its start, each named after what it is', () => {
    const queue = new ComparisonQueue(surroundings)
    expect(queue.get()).toBeNull()
    const at = queue.start(request(entry('A'), entry('BB')), data)
    expect([at.state, ids(queue)]).toEqual(['running', [runs[0]!.id, null]])
    // Another run ends: nothing of ours.
    queue.ended('20200101-000000-000')
    expect(runs).toHaveLength(1)
    end(runs[0]!.id, { state: 'done' })
    queue.ended(runs[0]!.id)
    expect(runs.map(({ name, plan, data: of }) => [name, plan.options.training?.steps, of])).toEqual([
      ['A', 1, data],
      ['BB', 2, data],
    ])
    end(runs[1]!.id, { state: 'done' })
    queue.ended(runs[1]!.id)
    expect(queue.get()!.state).toBe('done')
  })

  test('what starts from another takes its model', () => {
    const queue = new ComparisonQueue(surroundings)
    queue.start(request(entry('A'), entry('B', 0)), data)
    end(runs[0]!.id, { state: 'done' })
    queue.ended(runs[0]!.id)
    expect(runs[1]!.plan.model).toEqual({ kind: 'run', run: runs[0]!.id })
  })

  test('one that fails or cannot start says why, and the others go on', () => {
    const queue = new ComparisonQueue(surroundings)
    refused = 'B'
    queue.start(request(entry('A'), entry('B'), entry('C')), data)
    const error = { code: 'TRAIN_DIVERGED', message: 'NaN' } as const
    end(runs[0]!.id, { state: 'failed', error })
    queue.ended(runs[0]!.id)
    expect(queue.get()!.entries.map(({ error: why, run }) => [why?.message, run])).toEqual([
      ['NaN', runs[0]!.id],
      ['No', null],
      [undefined, runs[1]!.id],
    ])
    end(runs[1]!.id, { state: 'done' })
    queue.ended(runs[1]!.id)
    expect(queue.get()!.state).toBe('done')
  })

  test('stopped by the user it waits, and goes on with that run', () => {
    const queue = new ComparisonQueue(surroundings)
    queue.start(request(entry('A'), entry('B')), data)
    queue.cancel()
    expect(runs[0]!.state).toBe('stopped')
    queue.ended(runs[0]!.id)
    expect([queue.get()!.state, runs.length]).toEqual(['stopped', 1])
    end(runs[0]!.id, { resumable: true })
    expect(queue.continue().state).toBe('running')
    expect([runs[0]!.state, runs.length]).toEqual(['running', 1])
    end(runs[0]!.id, { state: 'done' })
    queue.ended(runs[0]!.id)
    expect(runs).toHaveLength(2)
  })

  test('after the program has ended, another goes on where it was; without a saved state from the start', () => {
    new ComparisonQueue(surroundings).start(request(entry('A'), entry('B')), data)
    end(runs[0]!.id, { state: 'interrupted', resumable: false })
    const queue = new ComparisonQueue(surroundings)
    expect(queue.get()!.state).toBe('stopped')
    queue.ended(runs[0]!.id)
    expect(runs).toHaveLength(1)
    queue.continue()
    expect(ids(queue)).toEqual([runs[1]!.id, null])
    expect(runs[1]).toMatchObject({ name: 'A', data })
  })

  test('a run that was deleted is no reason to wait', () => {
    const queue = new ComparisonQueue(surroundings)
    queue.start(request(entry('A'), entry('B', 0)), data)
    queue.cancel()
    runs = []
    expect(queue.continue().entries[1]!.error?.message).toBe('A that this starts from has no model')
    expect(() => queue.continue()).toThrow(expect.objectContaining({ code: 'USAGE_COMPARISON' }))
  })
})
