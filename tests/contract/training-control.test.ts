/** Training as the studio's window steers and watches it, and what a run keeps when the machine fails it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EngineData, EngineEvent, TrainRequest, TrainResult } from '../../src/core/contract/engine.ts'
import { RunData } from '../../src/core/contract/run-data.ts'
import type { TrainingFile } from '../../src/core/contract/training.ts'
import { decodeSafetensors } from '../../src/core/formats/safetensors.ts'
import { pyramid } from '../../src/core/pyramid/levels.ts'
import type { Engine } from '../../src/main/studio/engine/client.ts'
import { PauseSwitch } from '../../src/main/studio/engine/pause-switch.ts'
import { startEngine } from '../../src/main/studio/engine/spawn.ts'
import { pictures, SMALL } from '../support/pictures.ts'

describe('a run that is watched', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'fcos-control-'))
  let engine: Engine
  let data: EngineData
  beforeAll(async () => {
    data = await pictures(join(scratch, 'pictures'), 6)
    engine = await startEngine({ fastMath: false })
  }, 240_000)
  afterAll(async () => {
    await engine.close()
    rmSync(scratch, { recursive: true })
  })

  const file = (out: string, name: string) => join(scratch, out, name)
  const training = (options: TrainingFile['training']): TrainingFile => ({
    ...SMALL,
    training: { ...SMALL.training, ...options },
  })

  async function run(
    out: string,
    changes: Partial<TrainRequest> = {},
    onEvent: (event: EngineEvent, abort: () => void) => void = () => {},
    pause?: PauseSwitch,
  ): Promise<{ events: EngineEvent[]; result: TrainResult }> {
    const events: EngineEvent[] = []
    const abort = new AbortController()
    const result = await engine.call(
      {
        method: 'train',
        out: join(scratch, out),
        weights: null,
        architecture: 'lite0',
        data,
        validation: null,
        options: SMALL,
        resume: false,
        ...changes,
      },
      (event) => {
        events.push(event)
        onEvent(event, () => abort.abort())
      },
      abort.signal,
      pause,
    )
    return { events, result }
  }
  const resumed = { resume: true, data: null, options: {} }

  const lines = (out: string, name = 'log.jsonl'): Record<string, unknown>[] =>
    readFileSync(file(out, name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  const losses = (out: string) => lines(out).map(({ step, loss }) => [step, loss])
  const weights = (out: string) => readFileSync(file(out, 'last.safetensors'))
  const savedStep = (out: string): number =>
    JSON.parse(decodeSafetensors(readFileSync(file(out, 'state.safetensors'))).metadata.progress).step

  let plain: Awaited<ReturnType<typeof run>>
  it('keeps what it learnt from, and says what it takes of the machine', async () => {
    plain = await run('plain', { validation: data })
    expect(RunData.parse(JSON.parse(readFileSync(file('plain', 'data.json'), 'utf8')))).toEqual({
      data,
      validation: data,
    })
    expect(JSON.parse(readFileSync(file('plain', 'run.json'), 'utf8'))).toMatchObject({
      device: engine.hello.device,
    })
    for (const event of plain.events) {
      if (event.kind !== 'step') continue
      expect(event.memoryMb).toBeGreaterThan(50)
      expect(event.peakMb).toBeGreaterThanOrEqual(event.memoryMb)
      expect(event.device).toBe(engine.hello.device)
    }
    expect(savedStep('plain')).toBe(8)
  }, 240_000)

  it('shows pinned images, and is the same run as without', async () => {
    const pinned = {
      images: [data.images[0].path, join(scratch, 'absent.png'), data.images[1].path],
      every: 3,
    }
    const { events } = await run('pinned', { validation: data, pinned })
    const seen = events.flatMap((event) => (event.kind === 'pinned' ? [event] : []))
    expect(seen.map(({ step, index }) => [step, index])).toEqual(
      [3, 6, 8].flatMap((s) => [
        [s, 0],
        [s, 2],
      ]),
    )
    expect(events.filter(({ kind }) => kind === 'note')).toHaveLength(1)
    const { locations } = pyramid(seen[0].input, 'half-stride')
    for (const { maps, detections } of seen) {
      const [centerness, classScores] = [maps.centerness, maps.class_scores]
      expect([centerness.length, classScores.length]).toEqual([locations, locations])
      for (const map of [centerness, classScores]) expect(map.every((p) => p > 0 && p < 1)).toBe(true)
      expect(detections.length).toBeGreaterThan(0)
      // The best detection is at a location of the maps.
      const best = Math.max(...centerness.map((q, i) => Math.sqrt(q * classScores[i])))
      expect(detections[0].score).toBeCloseTo(best, 5)
    }
    expect(seen[0].maps.centerness).not.toEqual(seen[4].maps.centerness)
    expect(losses('pinned')).toEqual(losses('plain'))
    expect(weights('pinned').equals(weights('plain'))).toBe(true)
  }, 240_000)

  it('waits with its state saved, answers meanwhile, and goes on as if nothing had happened', async () => {
    const pause = new PauseSwitch()
    let during: Promise<void> | undefined
    const look = async (): Promise<void> => {
      try {
        expect(savedStep('paused')).toBe(losses('paused').length)
        const model = file('plain', 'last.safetensors')
        const request = { method: 'maps', model, image: data.images[0].path, size: null } as const
        expect((await engine.call(request, () => {})).outputs.centerness.length).toBeGreaterThan(0)
      } finally {
        pause.isPaused = false
      }
    }
    const { events } = await run(
      'paused',
      { validation: data },
      (event) => {
        if (event.kind === 'step' && event.step === 4) pause.isPaused = true
        if (event.kind === 'paused') during = look()
      },
      pause,
    )
    await during
    const kinds = events.map(({ kind }) => kind)
    expect(kinds.indexOf('continued')).toBe(kinds.indexOf('paused') + 1)
    expect(losses('paused')).toEqual(losses('plain'))
    expect(weights('paused').equals(weights('plain'))).toBe(true)
  }, 240_000)

  it('stops while it waits, and is resumed from what it keeps', async () => {
    const pause = new PauseSwitch()
    const { result } = await run(
      'stopped',
      { validation: data },
      (event, abort) => {
        if (event.kind === 'step' && event.step === 2) pause.isPaused = true
        if (event.kind === 'paused') abort()
      },
      pause,
    )
    expect(result.complete).toBe(false)
    await run('stopped', resumed)
    expect(losses('stopped')).toEqual(losses('plain'))
    expect(weights('stopped').equals(weights('plain'))).toBe(true)
  }, 240_000)

  it('reports the best evaluation of the whole run, also of what went before it was resumed', async () => {
    const options = training({ steps: 6, evaluateEvery: 2 })
    await run('evaluated', { validation: data, options }, (event, abort) => {
      if (event.kind === 'evaluated' && event.step === 4) abort()
    })
    const before = lines('evaluated', 'evaluations.jsonl')
    expect(before.map(({ step }) => step)).toEqual([1, 3])
    const { result } = await run('evaluated', resumed)
    const all = lines('evaluated', 'evaluations.jsonl') as { step: number; stats: number[] }[]
    expect(all.map(({ step }) => step)).toEqual([1, 3, 5])
    expect(all.slice(0, 2)).toEqual(before)
    const best = all.reduce((a, b) => (b.stats[0] > a.stats[0] ? b : a))
    expect(result.evaluation?.stats).toEqual(best.stats)
    expect(result.evaluation?.step).toBe(best.step + 1)
    // Nothing is left to do, and still it knows.
    expect((await run('evaluated', resumed)).result.evaluation).toEqual(result.evaluation)
  }, 240_000)

  it('a full disk ends it with what is kept, and it goes on from there', async () => {
    const full = run('full', { validation: data }, (event) => {
      if (event.kind === 'step' && event.step === 4)
        symlinkSync('/dev/full', file('full', 'state.safetensors.partial'))
    })
    await expect(full).rejects.toMatchObject({
      code: 'IO_DISK_FULL',
      message: expect.stringContaining('state.safetensors'),
      remedy: expect.stringMatching(
        /^The state of step 3 and earlier checkpoints are kept in .*full\. Free some space/,
      ),
    })
    await run('full', resumed)
    expect(losses('full')).toEqual(losses('plain'))
  }, 240_000)

  it('says that memory ran out', async () => {
    const options = training({ size: 4096, batch: 100_000 })
    await expect(run('large', { options })).rejects.toMatchObject({
      code: 'RUNTIME_OUT_OF_MEMORY',
      remedy: expect.stringMatching(/^The state of step 0 .* smaller batch or input size$/),
    })
  }, 240_000)

  it.each([false, true])(
    'tells what a run would cost, and leaves nothing (cached features: %s)',
    async (cacheFeatures) => {
      const { options } = { options: training({ cacheFeatures, learn: 'head', steps: 50 }) }
      const temporary = () => readdirSync(tmpdir()).filter((name) => name.startsWith('fcos-probe-'))
      const before = temporary()
      const cost = await engine.call(
        { method: 'probe', weights: null, architecture: 'lite0', data, options },
        () => {},
      )
      expect(cost).toMatchObject({
        complete: true,
        canvas: { width: 96, height: 96 },
        options: { steps: 50 },
      })
      expect(cost.secondsPerStep).toBeGreaterThan(0)
      expect(cost.secondsPerStep).toBeLessThan(5)
      expect(cost.prepareSeconds > 0).toBe(cacheFeatures)
      expect(cost.peakMb).toBeGreaterThan(50)
      expect(temporary()).toEqual(before)
    },
    60_000,
  )

  it('learns one image by heart without augmentation', async () => {
    const one = { ...data, images: data.images.slice(0, 1) }
    const augment = {
      hflip: 0,
      vflip: 0,
      scale: [1, 1] as [number, number],
      placement: 'corner' as const,
      brightness: 0,
      contrast: 0,
      saturation: 0,
      hue: 0,
      mosaic: 0,
    }
    const options = training({ steps: 120, batch: 1, optimiser: { rate: 5e-3 }, augment })
    const { result } = await run('one', { data: one, validation: one, options })
    expect(result.evaluation?.stats[1]).toBeGreaterThan(0.9)
  }, 120_000)
})
