import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import type { BenchRequest } from '../../../../src/core/contract/engine.ts'
import { startEngine } from '../../../../src/main/studio/engine/spawn.ts'

const entry = fileURLToPath(new URL('../../../support/fake-engine.ts', import.meta.url))
const start = (behaviour: string, helloTimeout = 20_000) =>
  startEngine({ entry, env: { FAKE_ENGINE: behaviour }, helloTimeout })

const bench: BenchRequest = {
  method: 'bench',
  architecture: 'lite0',
  width: 64,
  height: 64,
  runs: 1,
  train: false,
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('a job gives its events in order, then its result; the process ends with close', async () => {
  const engine = await start('well')
  const events: unknown[] = []
  const result = await engine.call(bench, (event) => events.push(event))
  expect(events).toEqual(['0', '1', '2'].map((message) => ({ kind: 'note', message })))
  expect(result).toMatchObject({ detectMs: { tensorflow: 8 } })
  expect(engine.hello.probe).toEqual(Float32Array.of(1, 2, 3))
  await engine.close()
  expect(isRunning(engine.hello.pid)).toBe(false)
  await expect(engine.call(bench, () => {})).rejects.toMatchObject({ code: 'ENGINE_CLOSED' })
})

test("the engine's errors keep code and remedy, and the engine lives on", async () => {
  const engine = await start('error')
  await expect(engine.call(bench, () => {})).rejects.toMatchObject({ code: 'DATA_X', remedy: 'Yes' })
  expect(isRunning(engine.hello.pid)).toBe(true)
  await engine.close()
})

test('an engine that never greets is given up and ended', async () => {
  await expect(start('mute', 300)).rejects.toMatchObject({ code: 'ENGINE_TIMEOUT' })
})

test('an engine that nobody waits for any more is ended before it greets', async () => {
  const abort = new AbortController()
  const options = { entry, env: { FAKE_ENGINE: 'mute' }, helloTimeout: 20_000, signal: abort.signal }
  const started = startEngine(options)
  setTimeout(() => abort.abort(new Error('Switched off')), 300)
  await expect(started).rejects.toThrow('Switched off')
  await expect(startEngine(options)).rejects.toThrow('Switched off')
})

test('an engine that cannot start says why', async () => {
  await expect(start('stillborn')).rejects.toMatchObject({
    code: 'ENGINE_DIED',
    message: expect.stringContaining('status 1): Error: no such library'),
  })
})

test.each(['nonsense', 'stranger'])(
  'what the contract does not know ends the engine: %s',
  async (behaviour) => {
    const engine = await start(behaviour)
    await expect(engine.call(bench, () => {})).rejects.toMatchObject({ code: 'ENGINE_PROTOCOL' })
    await engine.close()
    expect(isRunning(engine.hello.pid)).toBe(false)
  },
)

test('an engine that failed is ended at once, without being asked', async () => {
  const engine = await start('deaf')
  await expect(engine.call(bench, () => {})).rejects.toMatchObject({ code: 'ENGINE_PROTOCOL' })
  await vi.waitFor(() => expect(isRunning(engine.hello.pid)).toBe(false), 4000)
})

test('a signal that is aborted already starts no job', async () => {
  const engine = await start('well')
  await expect(engine.call(bench, () => {}, AbortSignal.abort())).rejects.toMatchObject({
    name: 'AbortError',
  })
  await engine.close()
})
