import { afterEach, expect, test, vi } from 'vitest'
import { CodedError } from '../../../src/core/errors.ts'
import { INTERRUPTED, Interrupted, interruptible } from '../../../src/main/cli/interrupt.ts'

afterEach(() => {
  vi.useRealTimers()
  process.exitCode = undefined
})

test.each(['SIGINT', 'SIGTERM'] as const)(
  'after %s the job hands out what it has, with status 130',
  async (name) => {
    // Who ends in good order is not ended by the clock.
    vi.useFakeTimers()
    const before = process.listenerCount(name)
    const said: string[] = []
    const result = await interruptible(
      (line) => said.push(line),
      async (signal) => {
        const stopped = new Promise((resolve) => signal.addEventListener('abort', resolve))
        process.emit(name, name)
        await stopped
        return 'so far'
      },
    )
    expect(result).toBe('so far')
    expect(said).toEqual(['Stopping. Press Ctrl-C again to stop immediately'])
    expect(process.exitCode).toBe(INTERRUPTED)
    expect(process.listenerCount(name)).toBe(before)
  },
)

test('a failure while stopping is told, and the status is still 130', async () => {
  const job = interruptible(
    () => {},
    async () => {
      process.emit('SIGINT', 'SIGINT')
      throw new CodedError('IO_DISK_FULL', 'The disk is full', 'Make room')
    },
  )
  await expect(job).rejects.toThrow(new Interrupted('The disk is full. Make room'))
  expect(process.exitCode).toBe(INTERRUPTED)
})

test('without a signal, errors pass as they are and the status is not touched', async () => {
  const error = new CodedError('TRAIN_DIVERGED', 'It diverged')
  await expect(
    interruptible(
      () => {},
      () => Promise.reject(error),
    ),
  ).rejects.toBe(error)
  expect(process.exitCode).toBeUndefined()
})

test('a job that does not stop soon after SIGTERM ends with the program', async () => {
  vi.useFakeTimers()
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never)
  const stuck = Promise.withResolvers<void>()
  const job = interruptible(
    () => {},
    () => {
      process.emit('SIGTERM', 'SIGTERM')
      return stuck.promise
    },
  )
  await vi.advanceTimersByTimeAsync(1999)
  expect(exit).toHaveBeenCalledWith(INTERRUPTED)
  exit.mockRestore()
  stuck.resolve()
  await job
})
