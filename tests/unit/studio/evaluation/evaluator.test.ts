/** The evaluator's process when it dies, whatever it was doing. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Evaluator } from '../../../../src/main/studio/evaluation/evaluator.ts'
import { scratch } from '../../../support/scratch.ts'

const params = { evaluation: 'abcdefgh1', ranking: 'score' } as const

/** A process that runs this instead of the evaluator's program. */
async function evaluatorOf(program: string): Promise<Evaluator> {
  const root = await scratch()
  const folder = join(root, 'src/main/studio/evaluation')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'evaluator-process.ts'), program)
  const evaluator = new Evaluator({ node: process.execPath, root }, join(root, 'project.fcos'))
  onTestFinished(() => evaluator.close())
  return evaluator
}

test('a process that dies fails all that wait for it, and the next question starts another', async () => {
  const evaluator = await evaluatorOf(`
    let asked = 0
    process.on('message', ({ id, request }) => {
      if (request.params.evaluation === 'abcdefgh1') process.send({ kind: 'result', id, result: process.pid })
      else if (++asked === 2) process.kill(process.pid, 'SIGKILL')
    })`)
  const first = await evaluator.call('evaluation.errors', params)
  const doomed = { evaluation: 'doomed000', ranking: 'score' } as const
  const asked = [1, 2].map(() => evaluator.call('evaluation.errors', doomed))
  for (const one of await Promise.allSettled(asked)) {
    expect(one).toMatchObject({ status: 'rejected', reason: { code: 'ENGINE_DIED' } })
  }
  expect(await evaluator.call('evaluation.errors', params)).not.toBe(first)
})

test('questions after closing go to a new process, undisturbed by the end of the old one', async () => {
  const evaluator = await evaluatorOf(
    `process.on('message', ({ id }) => setTimeout(() => process.send({ kind: 'result', id, result: process.pid }), 200))`,
  )
  const first = await evaluator.call('evaluation.errors', params)
  evaluator.close()
  expect(await evaluator.call('evaluation.errors', params)).not.toBe(first)
})

test('a program that cannot be started', async () => {
  const evaluator = new Evaluator({ node: '/none/node', root: '/none' }, '/none/project.fcos')
  await expect(evaluator.call('evaluation.errors', params)).rejects.toMatchObject({ code: 'ENGINE_DIED' })
})

test('cancelling is told to the process, whose answer counts', async () => {
  const evaluator = await evaluatorOf(`
    process.on('message', ({ id, cancel }) => {
      if (cancel) process.send({ kind: 'error', id, error: { code: 'USAGE_CANCELLED', message: 'Cancelled' } })
      else process.send({ kind: 'event', id, event: [0.5, 'half'] })
    })`)
  const abort = new AbortController()
  const report = (): void => abort.abort(new Error('enough'))
  const asked = evaluator.call('evaluation.errors', params, { signal: abort.signal, report })
  await expect(asked).rejects.toMatchObject({ code: 'USAGE_CANCELLED' })
  const late = evaluator.call('evaluation.errors', params, { signal: abort.signal, report })
  await expect(late).rejects.toThrow('enough')
})
