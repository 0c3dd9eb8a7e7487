import { describe, expect, it } from 'vitest'
import { NewestFirst } from '../../../src/main/images/newest-first.ts'

const gate = () => Promise.withResolvers<void>()

describe('NewestFirst', () => {
  it('runs so many at a time, and of those that wait the newest', async () => {
    const queue = new NewestFirst(2)
    const gates = Array.from({ length: 5 }, gate)
    const begun: number[] = []
    const all = gates.map(({ promise }, i) =>
      queue.run(async () => {
        begun.push(i)
        await promise
        return i
      }),
    )
    expect(begun).toEqual([0, 1])
    for (const i of [1, 4, 3, 2, 0]) {
      gates[i]!.resolve()
      await all[i]
      await new Promise(setImmediate)
    }
    expect(begun).toEqual([0, 1, 4, 3, 2])
    expect(await Promise.all(all)).toEqual([0, 1, 2, 3, 4])
  })

  it('drops what nobody waits for, and answers its caller at once', async () => {
    const queue = new NewestFirst(1)
    const first = gate()
    const running = queue.run(() => first.promise)
    const stop = new AbortController()
    let began = false
    const waiting = queue.run(async () => (began = true), stop.signal)
    stop.abort()
    await expect(waiting).rejects.toBe(stop.signal.reason)
    await expect(queue.run(async () => 1, stop.signal)).rejects.toBe(stop.signal.reason)
    first.resolve()
    await running
    expect(await queue.run(async () => 2)).toBe(2)
    expect(began).toBe(false)
  })
})
