/**
 * Speaks the engine's protocol without TensorFlow. FAKE_ENGINE says how it behaves; a run's progress is kept in the
 * file `<out>/step`, as an engine keeps its state.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { DetectRequest } from '../../src/core/contract/engine/detection.ts'
import type { EngineCall, EngineEvent, EngineMessage, TrainRequest } from '../../src/core/contract/engine.ts'

const behaviour = process.env.FAKE_ENGINE
const STEPS = 6
let cancelled = false

const send = (message: EngineMessage): void => {
  process.send!(message)
}

process.on('message', ({ id, request }: EngineCall) => {
  const emit = (event: EngineEvent): void => send({ kind: 'event', id, event })
  switch (request.method) {
    case 'cancel':
      cancelled = true
      return send({ kind: 'result', id, result: null })
    case 'bench':
      if (behaviour === 'nonsense' || behaviour === 'deaf') return void process.send!({ kind: 'verdict', id })
      if (behaviour === 'stranger') return send({ kind: 'result', id: 99, result: null })
      if (behaviour === 'error') {
        return send({ kind: 'error', id, error: { code: 'DATA_X', message: 'No', remedy: 'Yes' } })
      }
      for (let n = 0; n < 3; n++) emit({ kind: 'note', message: String(n) })
      return send({
        kind: 'result',
        id,
        result: { detectMs: { tensorflow: 8 }, trainMs: null, peakMb: 1, threads: 2 },
      })
    case 'train':
      return void train(id, request, emit)
    case 'detect':
      return void detect(id, request, emit)
  }
})
if (behaviour === 'deaf') setInterval(() => {}, 1000)
else process.on('disconnect', () => process.exit())

async function train(id: number, request: TrainRequest, emit: (event: EngineEvent) => void): Promise<void> {
  if (behaviour === 'die at once') return die()
  mkdirSync(request.out, { recursive: true })
  const state = path.join(request.out, 'step')
  let step = request.resume && existsSync(state) ? Number(readFileSync(state, 'utf8')) : 0
  const resumedFrom = request.resume ? step : null
  emit({ kind: 'plan', options: {} as never, canvas: { width: 1, height: 1 }, loaded: null, resumedFrom })
  while (step < STEPS && !cancelled) {
    emit({ kind: 'step', step: ++step, steps: STEPS } as EngineEvent)
    writeFileSync(state, String(step))
    if (behaviour === 'die always' && step % 2 === 0) return die()
    if (behaviour === 'die once' && step === 3 && !request.resume) return die()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const result = { steps: step, complete: step === STEPS, checkpoint: 'last.safetensors', evaluation: null }
  send({ kind: 'result', id, result })
}

/** Finds as many objects as an image's name begins with, up to the limit: "12-cells.png". Mixed, every fourth is of another class. Slow, it takes 20 ms for each. */
async function detect(id: number, request: DetectRequest, emit: (event: EngineEvent) => void): Promise<void> {
  const isMixed = behaviour === 'mixed'
  const classes = [{ id: 1, name: 'cell' }, ...(isMixed ? [{ id: 2, name: 'rare' }] : [])]
  emit({ kind: 'classes', runtime: 'fake', classes })
  let images = 0
  for (const [index, file] of request.images.entries()) {
    if (behaviour === 'slow') await new Promise((resolve) => setTimeout(resolve, 20))
    if (cancelled) break
    const there = Number.parseInt(path.basename(file), 10)
    const detections = Array.from({ length: Math.min(there, request.limit) }, (_, i) => ({
      box: [i, 0, i + 1, 1] as const,
      categoryId: isMixed && i % 4 === 3 ? 2 : 1,
      score: 1 - i / 1000,
    }))
    const tiles = behaviour === 'tiled' && request.tile !== 'off' ? { tiles: 2 } : {}
    emit({ kind: 'detected', index, width: 8, height: 6, detections, ...tiles })
    images++
  }
  const complete = images === request.images.length
  send({ kind: 'result', id, result: { images, skipped: 0, complete, classes } })
}

function die(): void {
  process.stderr.write(`${'x'.repeat(5000)}\nout of tensors\n    at somewhere (file.ts:1:1)\n`, () =>
    process.kill(process.pid, 'SIGKILL'),
  )
}

if (behaviour === 'mute') setInterval(() => {}, 1000)
else if (behaviour === 'stillborn') throw new Error('no such library')
else {
  const hello = {
    tensorflow: 'none',
    node: process.versions.node,
    device: 'cpu',
    nativeKernels: false,
  } as const
  const probe = Float32Array.of(1, 2, 3)
  send({ kind: 'hello', hello: { ...hello, fastMath: false, pid: process.pid, probe } })
}
