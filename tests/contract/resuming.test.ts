/** Every way of going on with a run that started from pretrained weights gives what the unbroken run gives. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EngineData, EngineEvent, TrainRequest } from '../../src/core/contract/engine.ts'
import { decodeSafetensors } from '../../src/core/formats/safetensors.ts'
import { toFloat32 } from '../../src/core/formats/tensor-values.ts'
import { runTrain } from '../../src/main/cli/commands/train.ts'
import { Progress } from '../../src/main/cli/progress.ts'
import { readModels, weightsPath } from '../../src/main/setup/weights.ts'
import type { Engine } from '../../src/main/studio/engine/client.ts'
import { startEngine } from '../../src/main/studio/engine/spawn.ts'
import { train } from '../../src/main/studio/engine/supervise.ts'
import { pictures } from '../support/pictures.ts'

/** ImageNet's backbone below a new pyramid and head, and a whole detector that was trained before. */
const WEIGHTS = {
  'ImageNet weights': weightsPath(readModels().find(({ name }) => name === 'efficientnet_lite0_imagenet')!),
  'a checkpoint': fileURLToPath(new URL('../../resources/sample/run/best.safetensors', import.meta.url)),
}
const TOLERANCE = 1e-6

describe.for(Object.entries(WEIGHTS))('from %s', ([, weights]) => {
  const scratch = mkdtempSync(join(tmpdir(), 'fcos-resuming-'))
  const folder = (out: string) => join(scratch, out)
  let data: EngineData

  const request = (out: string, changes: Partial<TrainRequest> = {}): TrainRequest => ({
    method: 'train',
    out: folder(out),
    weights,
    architecture: 'lite0',
    data,
    validation: null,
    options: {
      training: {
        ...{ steps: 4, size: 96, batch: 1, saveEvery: 2, evaluateEvery: 0, learn: 'c2', seed: 5 },
        optimiser: { kind: 'sgd', rate: 1e-3 },
        schedule: { warmup: 0 },
      },
    },
    resume: false,
    ...changes,
  })
  /** As the window's Resume asks. */
  const resumed = { resume: true, weights: null, data: null, options: {} } satisfies Partial<TrainRequest>

  /** Runs in an engine of its own, which `at` may end by force, or the job of which it may stop. */
  async function run(
    of: TrainRequest,
    at: (event: EngineEvent, kill: () => void, stop: () => void) => void = () => {},
  ): Promise<EngineEvent[]> {
    const engine = await startEngine({ fastMath: false })
    const events: EngineEvent[] = []
    const abort = new AbortController()
    const onEvent = (event: EngineEvent): void => {
      events.push(event)
      at(
        event,
        () => process.kill(engine.hello.pid, 'SIGKILL'),
        () => abort.abort(),
      )
    }
    await engine.call(of, onEvent, abort.signal).catch((error) => {
      if (!['ENGINE_DIED', 'TRAIN_DIVERGED'].includes(error.code)) throw error
    })
    await engine.close()
    return events
  }

  const losses = (out: string): number[] =>
    readFileSync(join(folder(out), 'log.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).loss)
  const last = (out: string) => decodeSafetensors(readFileSync(join(folder(out), 'last.safetensors'))).tensors

  function expectUnbroken(out: string): void {
    const [found, expected] = [losses(out), losses('unbroken')]
    expect(found).toHaveLength(expected.length)
    for (const [step, loss] of expected.entries())
      expect(Math.abs(found[step]! - loss)).toBeLessThan(TOLERANCE)
    const tensors = last(out)
    for (const [name, tensor] of last('unbroken')) {
      const values = toFloat32(tensors.get(name)!)
      const furthest = toFloat32(tensor).reduce(
        (most, value, i) => Math.max(most, Math.abs(value - values[i]!)),
        0,
      )
      expect(furthest, name).toBeLessThan(TOLERANCE)
    }
  }

  beforeAll(async () => {
    expect(existsSync(weights), `${weights} is missing: \`npm run setup\` fetches it`).toBe(true)
    data = await pictures(folder('pictures'), 4)
    await run(request('unbroken'))
  }, 120_000)
  afterAll(() => rmSync(scratch, { recursive: true }))

  it('goes on in another engine after kill -9', async () => {
    await run(request('killed'), (event, kill) => {
      if (event.kind === 'step' && event.step === 3) kill()
    })
    const events = await run(request('killed', resumed))
    expect(events.find(({ kind }) => kind === 'plan')).toMatchObject({ resumedFrom: 2 })
    expectUnbroken('killed')
  }, 120_000)

  it('goes on from the command line where it was stopped', async () => {
    await run(request('stopped'), (event, _kill, stop) => {
      if (event.kind === 'step' && event.step === 1) stop()
    })
    await runTrain({ out: folder('stopped'), resume: true, fastMath: false }, new Progress())
    expectUnbroken('stopped')
  }, 120_000)

  it('is restarted where its engine dies', async () => {
    let engines: Engine[] = []
    const start = async (): Promise<Engine> => {
      const engine = await startEngine({ fastMath: false })
      engines = [...engines, engine]
      return engine
    }
    await train(start, request('restarted'), {
      onEvent: (event) => {
        if (event.kind === 'step' && event.step === 3 && engines.length === 1) {
          process.kill(engines[0]!.hello.pid, 'SIGKILL')
        }
      },
    })
    expect(engines).toHaveLength(2)
    expectUnbroken('restarted')
  }, 120_000)

  it('takes the first step again as it was, once it went back to it from a loss that is not finite', async () => {
    const { training } = request('').options
    const wild = { ...training, optimiser: { kind: 'sgd' as const, rate: 1e9, clipNorm: 0 } }
    const events = await run(request('wild', { options: { training: wild } }))
    const first = events.flatMap((event) => (event.kind === 'step' && event.step === 1 ? [event.loss] : []))
    expect(first.length).toBeGreaterThan(2)
    for (const loss of first) expect(Math.abs(loss - losses('unbroken')[0]!)).toBeLessThan(TOLERANCE)
  }, 120_000)
})
