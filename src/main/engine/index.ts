/**
 * The engine's process: a plain Node child of whoever hosts the studio. It ends when its parent does. No annotation is
 * ever in it, so it may be killed at any moment.
 */
import '../process/end-with-parent.ts'
import { z } from 'zod'
import { EngineCall, type EngineEvent, type EngineMessage } from '../../core/contract/engine.ts'
import { CodedError } from '../../core/errors.ts'
import { useOneThreadPerImage } from '../images/libvips.ts'
import { failure } from '../process/messages.ts'
import { post } from '../process/serve.ts'
import { JobControl } from './control.ts'
import { answer, type Job, runJob, type SideRequest } from './jobs.ts'
import { loadTensorflow } from './tensor/load-tensorflow.ts'
import { runtimeRecord } from './tensor/runtime-record.ts'

// Images are decoded side by side by libuv's pool, and a training step needs the cores.
useOneThreadPerImage()

let running: {
  readonly id: number
  readonly method: Job['method']
  readonly control: JobControl
} | null = null

/** Ids of pending requests beside the job, in the order in which they are answered. */
const waiting = new Set<number>()
let lastAnswer: Promise<void> = Promise.resolve()

let lastSent: Promise<void> = Promise.resolve()

function send(message: EngineMessage): void {
  lastSent = post(message)
}

const fail = (id: number, error: unknown): void => send(failure(id, error))

async function start(id: number, job: Job): Promise<void> {
  const emit = (event: EngineEvent): void => send({ kind: 'event', id, event })
  const control = new JobControl(emit, () => lastSent)
  running = { id, method: job.method, control }
  try {
    send({ kind: 'result', id, result: await runJob(job, emit, control) })
  } catch (error) {
    fail(id, error)
  } finally {
    running = null
  }
}

async function answerInTurn(id: number, request: SideRequest): Promise<void> {
  // A window in which somebody leafs through images quickly cancels all requests but the last.
  await new Promise(setImmediate)
  try {
    if (!waiting.delete(id)) throw new CodedError('ENGINE_CANCELLED', 'The request was cancelled')
    send({ kind: 'result', id, result: await answer(request) })
  } catch (error) {
    fail(id, error)
  }
}

function receive(message: unknown): void {
  const parsed = EngineCall.safeParse(message)
  if (!parsed.success) {
    const id = z.object({ id: z.int() }).safeParse(message).data?.id ?? -1
    const reason = z.prettifyError(parsed.error).replaceAll(/\s+/g, ' ')
    fail(id, new CodedError('ENGINE_REQUEST', `Malformed request: ${reason}`))
    return
  }
  const { id, request } = parsed.data
  switch (request.method) {
    case 'cancel':
    case 'pause':
    case 'continue':
      if (running?.id === request.job) running.control[request.method]()
      if (request.method === 'cancel') waiting.delete(request.job)
      send({ kind: 'result', id, result: null })
      break
    case 'assist-labels':
      if (running?.method === 'assist') {
        running.control.deliver(request)
        send({ kind: 'result', id, result: null })
      } else fail(id, new CodedError('ENGINE_REQUEST', 'Assist is not running in this engine'))
      break
    case 'maps':
    case 'training-input':
    case 'export-model':
      waiting.add(id)
      lastAnswer = lastAnswer.then(() => answerInTurn(id, request))
      break
    default:
      if (running) fail(id, new CodedError('ENGINE_BUSY', 'The engine is at work on another job'))
      else void start(id, request)
  }
}

/**
 * TensorFlow takes a while to load, and who detects on ONNX Runtime does without. It is loaded first where it has to be asked:
 * whether the GPU that setup found is still there, and whether rounding agrees.
 */
async function greeting() {
  const { device, tensorflow, kernelsPath } = runtimeRecord()
  const unseen = { tensorflow, device, nativeKernels: kernelsPath !== null, fastMath: false }
  if (device !== 'gpu' && (device !== 'cpu' || process.env.ONEDNN_DEFAULT_FPMATH_MODE !== 'BF16'))
    return unseen
  try {
    await loadTensorflow()
  } catch {
    // The engine reports this when it is asked to train or to detect.
    return unseen
  }
  return (await import('./tensor/greeting.ts')).greeting()
}

const hello = await greeting()
process.on('message', receive)
send({
  kind: 'hello',
  hello: { ...hello, node: process.versions.node, pid: process.pid, probe: Float32Array.of(1, 2, 3) },
})
