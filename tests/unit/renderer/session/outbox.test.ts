import { expect, test, vi } from 'vitest'
import { Outbox } from '../../../../src/renderer/session/outbox.ts'

const recording = () => {
  const failed = vi.fn(async (_error: unknown, _dropped: readonly string[]) => {})
  const busy = vi.fn((_busy: boolean) => {})
  return { outbox: new Outbox(failed, busy), failed, busy }
}

test('changes leave one after the other, in the order in which they were made', async () => {
  const { outbox, busy } = recording()
  const events: string[] = []
  const change = (name: string, ms: number) => async () => {
    events.push(`${name} begins`)
    await new Promise((resolve) => setTimeout(resolve, ms))
    events.push(`${name} ends`)
  }
  outbox.send('a', change('a', 20))
  outbox.send('b', change('b', 0))
  await outbox.settled()
  expect(events).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
  expect(busy.mock.calls.map(([value]) => value)).toEqual([true, true, false])
})

test('a later change names an object by the id that the store gave it meanwhile', async () => {
  const { outbox } = recording()
  const named: number[] = []
  outbox.send('add', async () => outbox.learn(new Map([[-1, 70]])))
  outbox.send('move', async (real) => void named.push(real(-1), real(5)))
  await outbox.settled()
  expect(named).toEqual([70, 5])
})

test('what waited behind a failure is dropped and named; what is sent afterwards goes out again', async () => {
  const { outbox, failed, busy } = recording()
  const worked = vi.fn(async () => {})
  const problem = new Error('disk full')
  outbox.send('Draw box', async () => {
    throw problem
  })
  outbox.send('Move box', worked)
  outbox.send('Delete boxes', worked)
  await outbox.settled()
  expect(failed.mock.calls).toEqual([[problem, ['Move box', 'Delete boxes']]])
  expect(worked).not.toHaveBeenCalled()
  expect(outbox.isBusy).toBe(false)
  expect(busy).toHaveBeenLastCalledWith(false)
  outbox.send('Draw box', worked)
  await outbox.settled()
  expect(worked).toHaveBeenCalledOnce()
})
