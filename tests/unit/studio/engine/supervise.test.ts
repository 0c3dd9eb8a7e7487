import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeEach, expect, test } from 'vitest'
import type { EngineEvent, TrainRequest } from '../../../../src/core/contract/engine.ts'
import { startEngine } from '../../../../src/main/studio/engine/spawn.ts'
import { train } from '../../../../src/main/studio/engine/supervise.ts'

const entry = fileURLToPath(new URL('../../../support/fake-engine.ts', import.meta.url))
const folder = mkdtempSync(path.join(tmpdir(), 'fcos-supervise-'))
afterAll(() => rmSync(folder, { recursive: true }))

let events: EngineEvent[]
let starts: number
beforeEach(() => {
  events = []
  starts = 0
})

const run = (behaviour: string, onEvent = (_: EngineEvent) => {}, signal?: AbortSignal) => {
  const start = () => {
    starts++
    return startEngine({ entry, env: { FAKE_ENGINE: behaviour } })
  }
  const request: TrainRequest = {
    method: 'train',
    out: path.join(folder, behaviour),
    weights: null,
    architecture: 'lite0',
    data: { categories: [], images: [] },
    validation: null,
    options: {},
    resume: false,
  }
  return train(start, request, {
    onEvent: (event) => {
      events.push(event)
      onEvent(event)
    },
    ...(signal && { signal }),
  })
}

const summary = () =>
  events.map((event) =>
    event.kind === 'step' ? event.step : event.kind === 'plan' ? `plan ${event.resumedFrom}` : event.kind,
  )

test('an engine that dies is replaced, and the run goes on from what was saved', async () => {
  expect(await run('die once')).toMatchObject({ steps: 6, complete: true })
  expect(summary()).toEqual(['plan null', 1, 2, 3, 'note', 'plan 3', 4, 5, 6])
  expect(events.find(({ kind }) => kind === 'note')).toMatchObject({
    message: 'The engine ended unexpectedly (SIGKILL): out of tensors. Continuing from the last saved state',
  })
})

test('a run that kills a second engine fails, saying what is kept', async () => {
  await expect(run('die always')).rejects.toMatchObject({
    code: 'ENGINE_DIED',
    remedy: expect.stringMatching(/last saved state is in .*die always.*--resume.*memory/),
  })
  expect(starts).toBe(2)
  expect(readFileSync(path.join(folder, 'die always', 'step'), 'utf8')).toBe('4')
})

test('a run that dies before it saved anything is not repeated', async () => {
  await expect(run('die at once')).rejects.toMatchObject({ code: 'ENGINE_DIED' })
  expect(starts).toBe(1)
})

test('cancelling ends the run with its result so far', async () => {
  const abort = new AbortController()
  const result = await run('well', ({ kind }) => kind === 'step' && abort.abort(), abort.signal)
  expect(result.complete).toBe(false)
  expect(result.steps).toBeLessThan(6)
})
