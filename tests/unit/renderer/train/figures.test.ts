import { expect, test } from 'vitest'
import type { RunSummary } from '../../../../src/core/contract/studio/runs.ts'
import { factsOf, stateTitle } from '../../../../src/renderer/train/figures.ts'

const live = {
  imagesPerSecond: 3.2,
  remainingSeconds: 0,
  device: 'cpu',
  memoryMb: 900,
  peakMb: 1400,
} as const
const run: RunSummary = {
  ...{ id: '20261122-184449-103', name: 'Run 1', created: '2026-11-22T18:44:49Z', state: 'running' },
  ...{ error: null, from: 'lite0', overfit: false, architecture: 'lite0', size: 416, classes: [] },
  ...{ images: 14, steps: 600, step: 122, best: null, checkpoint: null, resumable: false },
  live: { ...live, remainingSeconds: 310 },
}
const assist: RunSummary = { ...run, name: 'Assist', assist: true, steps: null, live }

test('a run says how far it is and how long it still takes', () => {
  expect(factsOf(run).join(' · ')).toMatch(
    /416 px · step 122 of 600 · 3.2 images\/s · 5 min 10 s left · CPU · 900 MB of memory/,
  )
  expect(factsOf({ ...run, state: 'done' }).at(-1)).toBe('step 122 of 600')
  expect(stateTitle(run)).toBe('Training')
})

test('Assist’s run says what it learns from; no time is left of what has no end', () => {
  expect(factsOf(assist).join(' · ')).toMatch(
    /416 px · learns from 14 images · step 122 · 3.2 images\/s · CPU/,
  )
  expect(factsOf({ ...assist, state: 'paused' }).join()).not.toMatch(/left|images\/s/)
  expect([stateTitle(assist), stateTitle({ ...assist, state: 'paused' })]).toEqual([
    'Learns while you label',
    'Paused',
  ])
})
