/**
 * The engine's process: a plain Node child of whoever hosts the studio. It ends when its parent does. No annotation is
 * ever in it, so it may be killed at any moment.
 */
import { z } from 'zod'
import { EngineCall, type EngineMessage } from '../../core/contract/engine.ts'
import { CodedError, toWire } from '../../core/contract/errors.ts'
import { type Job, runJob } from './jobs.ts'
import { fastMath } from './tensor/bfloat16.ts'
import { fastMathAgrees } from './tensor/fast-math-check.ts'
import { device, hasNativeKernels, tensorflowVersion } from './tensor/tensorflow.ts'

let running: { readonly id: number; readonly abort: AbortController } | null = null

function send(message: EngineMessage): void {
  if (process.connected) process.send?.(message)
}

async function start(id: number, job: Job): Promise<void> {
  const abort = new AbortController()
  running = { id, abort }
  try {
    const result = await runJob(job, (event) => send({ kind: 'event', id, event }), abort.signal)
    send({ kind: 'result', id, result })
  } catch (error) {
    send({ kind: 'error', id, error: toWire(error) })
  } finally {
    running = null
  }
}

function receive(message: unknown): void {
  const parsed = EngineCall.safeParse(message)
  if (!parsed.success) {
    const id = z.object({ id: z.int() }).safeParse(message).data?.id ?? -1
    const reason = z.prettifyError(parsed.error).replaceAll(/\s+/g, ' ')
    send({
      kind: 'error',
      id,
      error: toWire(new CodedError('ENGINE_REQUEST', `Malformed request: ${reason}`)),
    })
    return
  }
  const { id, request } = parsed.data
  if (request.method === 'cancel') {
    if (running?.id === request.job) running.abort.abort()
    send({ kind: 'result', id, result: null })
  } else if (running) {
    send({
      kind: 'error',
      id,
      error: toWire(new CodedError('ENGINE_BUSY', 'The engine is at work on another job')),
    })
  } else {
    void start(id, request)
  }
}

process.on('message', receive)
process.on('disconnect', () => process.exit())
// A terminal's Ctrl-C reaches the whole process group; the parent decides what becomes of the job.
process.on('SIGINT', () => {})

send({
  kind: 'hello',
  hello: {
    tensorflow: tensorflowVersion,
    node: process.versions.node,
    device,
    nativeKernels: hasNativeKernels,
    fastMath: fastMath && fastMathAgrees(),
    pid: process.pid,
    probe: Float32Array.of(1, 2, 3),
  },
})
