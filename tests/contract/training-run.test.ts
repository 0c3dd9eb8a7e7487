/** Training in the engine's own process: equal seeds, kill -9, cancel, divergence, and what a run leaves behind. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EngineData, EngineEvent, TrainRequest, TrainResult } from '../../src/core/contract/engine.ts'
import { decodeSafetensors } from '../../src/core/formats/safetensors.ts'
import { toFloat32 } from '../../src/core/formats/tensor-values.ts'
import { startEngine } from '../../src/main/studio/engine/spawn.ts'
import { CATEGORIES, pictures, SMALL } from '../support/pictures.ts'

interface Attempt {
  readonly events: EngineEvent[]
  readonly result: TrainResult | null
}

describe('a training run', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'fcos-run-'))
  let data: EngineData
  beforeAll(async () => {
    data = await pictures(join(scratch, 'pictures'), 6)
  })
  afterAll(() => rmSync(scratch, { recursive: true }))

  const request = (out: string, changes: Partial<TrainRequest> = {}): TrainRequest => ({
    method: 'train',
    out: join(scratch, out),
    weights: null,
    architecture: 'lite0',
    data,
    validation: null,
    options: SMALL,
    resume: false,
    ...changes,
  })

  /** Runs in an engine of its own; `at` may end it by force or cancel it. */
  async function run(
    to: TrainRequest,
    at: (event: EngineEvent, kill: () => void, cancel: () => void) => void = () => {},
  ): Promise<Attempt> {
    const engine = await startEngine({ fastMath: false })
    const events: EngineEvent[] = []
    const abort = new AbortController()
    try {
      const onEvent = (event: EngineEvent) => {
        events.push(event)
        at(
          event,
          () => process.kill(engine.hello.pid, 'SIGKILL'),
          () => abort.abort(),
        )
      }
      return { events, result: await engine.call(to, onEvent, abort.signal) }
    } catch (error) {
      if ((error as { code?: string }).code === 'ENGINE_DIED') return { events, result: null }
      throw error
    } finally {
      await engine.close()
    }
  }

  const losses = (out: string) =>
    readFileSync(join(scratch, out, 'log.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { step: number; loss: number })
      .map(({ step, loss }) => [step, loss])

  it('gives the same losses from the same seed, and others from another', async () => {
    await run(request('a'))
    await run(request('b'))
    await run(request('c', { options: { ...SMALL, training: { ...SMALL.training, seed: 6 } } }))
    expect(losses('a')).toHaveLength(8)
    expect(losses('b')).toEqual(losses('a'))
    expect(losses('c')).not.toEqual(losses('a'))
  }, 120_000)

  it('goes on after kill -9 as if nothing had happened', async () => {
    const killed = await run(request('killed'), (event, kill) => {
      if (event.kind === 'step' && event.step === 5) kill()
    })
    expect(killed.result).toBeNull()
    const resumed = await run(request('killed', { resume: true }))
    expect(resumed.events.find(({ kind }) => kind === 'plan')).toMatchObject({ resumedFrom: 3 })
    expect(resumed.result).toMatchObject({ steps: 8, complete: true })
    expect(losses('killed')).toEqual(losses('a'))
    const weights = (out: string) => readFileSync(join(scratch, out, 'last.safetensors'))
    expect(weights('killed').equals(weights('a'))).toBe(true)
  }, 120_000)

  it('saves its state when it is cancelled, and can be resumed', async () => {
    const cancelled = await run(request('cancelled'), (event, _kill, cancel) => {
      if (event.kind === 'step' && event.step === 4) cancel()
    })
    expect(cancelled.result).toMatchObject({ complete: false })
    expect(cancelled.result?.steps).toBeLessThan(8)
    await run(request('cancelled', { resume: true }))
    expect(losses('cancelled')).toEqual(losses('a'))
  }, 120_000)

  it('goes back and halves the rate where the loss is not finite, and never saves such weights', async () => {
    const wild = { ...SMALL.training, steps: 40, optimiser: { kind: 'sgd' as const, rate: 1e9, clipNorm: 0 } }
    const attempt = run(request('wild', { options: { ...SMALL, training: wild } }))
    await expect(attempt).rejects.toMatchObject({ code: 'TRAIN_DIVERGED' })
    const { tensors } = decodeSafetensors(readFileSync(join(scratch, 'wild', 'state.safetensors')))
    for (const [name, tensor] of tensors) {
      expect(toFloat32(tensor).every(Number.isFinite), name).toBe(true)
    }
  }, 120_000)

  it('learns from large images in tiles, says so, and hands the tiles to detection', async () => {
    const image = data.images[0]!
    const tile = Math.round(Math.max(image.width, image.height) / 3)
    const training = { ...SMALL.training, steps: 2, saveEvery: 2, tile }
    const options = { ...SMALL, training }
    const set = { ...data, images: [image] }
    const { events, result } = await run(request('tiles', { data: set, validation: set, options }))
    const notes = events.flatMap((event) => (event.kind === 'note' ? [event.message] : []))
    expect(notes).toContainEqual(expect.stringMatching(`^The image is learnt from in tiles of ${tile} px`))
    expect(existsSync(join(scratch, 'tiles', 'copies'))).toBe(false)
    const { metadata } = decodeSafetensors(readFileSync(result!.checkpoint))
    expect(JSON.parse(metadata.training!)).toMatchObject({ imageSide: tile, tile })
    const engine = await startEngine({ fastMath: false })
    const found: EngineEvent[] = []
    const detect = { method: 'detect' as const, model: result!.checkpoint, images: [image.path], batch: 1 }
    const rules = { score: 0.01, nms: null, limit: 100, size: null }
    await engine.call({ ...detect, ...rules }, (event) => found.push(event))
    await engine.call({ ...detect, ...rules, tile: 'off' }, (event) => found.push(event))
    await engine.close()
    const tiles = found.flatMap((event) => (event.kind === 'detected' ? [event.tiles] : []))
    expect(tiles).toEqual([expect.any(Number), null])
    expect(tiles[0]).toBeGreaterThanOrEqual(9)
  }, 120_000)

  it('refuses to write over a run, and to resume what is not there', async () => {
    await expect(run(request('a'))).rejects.toMatchObject({ code: 'USAGE_RUN_EXISTS' })
    await expect(run(request('nothing', { resume: true }))).rejects.toMatchObject({ code: 'USAGE_NO_RUN' })
  }, 240_000)

  it.each(['head', 'predictors'] as const)(
    'learns %s from cached features, and removes them',
    async (learn) => {
      const training = { ...SMALL.training, learn, batch: 1, steps: 6, saveEvery: 6 }
      const { result } = await run(
        request(learn, { options: { ...SMALL, training: { ...training, cacheFeatures: true } } }),
      )
      expect(result?.complete).toBe(true)
      expect(existsSync(join(scratch, learn, 'features'))).toBe(false)
      expect(losses(learn).every(([, loss]) => Number.isFinite(loss))).toBe(true)
    },
    60_000,
  )

  it('refuses to cache what changes', async () => {
    const training = { ...SMALL.training, learn: 'fpn' as const, cacheFeatures: true }
    await expect(run(request('fpn', { options: { ...SMALL, training } }))).rejects.toMatchObject({
      code: 'USAGE_CACHE',
    })
  }, 240_000)

  it('evaluates, keeps the best model, and detects with it', async () => {
    const training = { ...SMALL.training, steps: 60, evaluateEvery: 20, optimiser: { rate: 3e-3 } }
    const { events, result } = await run(
      request('learned', { validation: data, options: { ...SMALL, training } }),
    )
    const evaluated = events.flatMap((event) => (event.kind === 'evaluated' ? [event] : []))
    expect(evaluated.map(({ step }) => step)).toEqual([20, 40, 60])
    const best = Math.max(...evaluated.map(({ stats }) => stats[0]))
    expect(result?.evaluation?.stats[0]).toBe(best)
    expect(readdirSync(join(scratch, 'learned')).some((name) => name.startsWith('events.out.tfevents'))).toBe(
      true,
    )

    const engine = await startEngine({ fastMath: false })
    const seen: EngineEvent[] = []
    const images = [data.images[0].path, join(scratch, 'absent.png'), data.images[1].path]
    const detected = await engine.call(
      {
        method: 'detect',
        model: result!.checkpoint,
        images,
        score: 0.05,
        nms: 0.6,
        limit: 100,
        batch: 2,
        size: null,
      },
      (event) => seen.push(event),
    )
    await engine.close()
    expect(detected).toMatchObject({ images: 2, skipped: 1, complete: true, classes: CATEGORIES })
    expect(seen.map((event) => [event.kind, 'index' in event ? event.index : null])).toEqual([
      ['classes', null],
      ['detected', 0],
      ['skipped', 1],
      ['detected', 2],
    ])
  }, 180_000)
})
