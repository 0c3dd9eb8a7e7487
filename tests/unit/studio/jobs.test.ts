import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Job } from '../../../src/core/contract/studio/jobs.ts'
import { Child } from '../../../src/main/process/child.ts'
import { Jobs } from '../../../src/main/studio/jobs.ts'

const entry = fileURLToPath(new URL('../../support/child-program.ts', import.meta.url))

test('where a job failed is in the log, in a child too; windows are told the sentence', async () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => log.mockRestore())
  const program = { title: 'The child', node: process.execPath, entry }
  const child = new Child<string>(program, () => new Error('died'))
  onTestFinished(() => child.kill(() => new Error('over')))
  const failed = Promise.withResolvers<Job>()
  const jobs = new Jobs((job) => job.state === 'failed' && failed.resolve(job))
  jobs.start({ kind: 'runs.start', title: 'Training' }, async () => {
    await child.call('fail')
    return null
  })
  expect((await failed.promise).error).toEqual({
    code: 'ENGINE_INTERNAL',
    message: expect.stringContaining('unforeseen'),
  })
  const [said, error] = log.mock.calls[0]!
  expect(said).toBe('Training has failed:')
  expect((error as Error).stack).toContain('child-program.ts:')
})

test('a job that was cancelled is no failure', async () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => log.mockRestore())
  const jobs = new Jobs(() => {})
  const { job } = jobs.start({ kind: 'x', title: 'X' }, async ({ signal }) => signal.throwIfAborted() ?? {})
  await jobs.stop(job)
  expect(jobs.list()[0]!.state).toBe('cancelled')
  expect(log).not.toHaveBeenCalled()
})
