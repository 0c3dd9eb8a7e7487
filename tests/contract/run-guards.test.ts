/** What a run refuses, leaves out by name, says beforehand, and still owes after it was stopped. */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EngineData, EngineEvent, TrainRequest, TrainResult } from '../../src/core/contract/engine.ts'
import type { TrainingFile } from '../../src/core/contract/training.ts'
import type { Engine } from '../../src/main/studio/engine/client.ts'
import { PauseSwitch } from '../../src/main/studio/engine/pause-switch.ts'
import { startEngine } from '../../src/main/studio/engine/spawn.ts'
import { lockRun } from '../../src/main/studio/runs/run-lock.ts'
import { CATEGORIES, pictures, SMALL } from '../support/pictures.ts'

describe('a run', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'fcos-guards-'))
  let engine: Engine
  let data: EngineData
  beforeAll(async () => {
    data = await pictures(join(scratch, 'pictures'), 4)
    engine = await startEngine({ fastMath: false })
  }, 240_000)
  afterAll(async () => {
    await engine.close()
    rmSync(scratch, { recursive: true })
  })

  const file = (out: string, name: string) => join(scratch, out, name)
  const options = (training: TrainingFile['training']): TrainingFile => ({
    ...SMALL,
    training: { ...SMALL.training, steps: 2, batch: 1, optimiser: { kind: 'sgd', rate: 1e-3 }, ...training },
  })

  async function run(
    out: string,
    changes: Partial<TrainRequest> = {},
    at: (event: EngineEvent, stop: () => void) => void = () => {},
    pause?: PauseSwitch,
  ): Promise<{ events: EngineEvent[]; notes: string[]; result: TrainResult }> {
    const events: EngineEvent[] = []
    const abort = new AbortController()
    const request: TrainRequest = {
      ...{ method: 'train', out: join(scratch, out), weights: null, architecture: 'lite0', data },
      ...{ validation: null, options: options({}), resume: false, ...changes },
    }
    const onEvent = (event: EngineEvent): void => {
      events.push(event)
      at(event, () => abort.abort())
    }
    const result = await engine.call(request, onEvent, abort.signal, pause)
    const notes = events.flatMap((event) => (event.kind === 'note' ? [event.message] : []))
    return { events, notes, result }
  }
  const resumed = {
    resume: true,
    architecture: null,
    data: null,
    options: {},
  } satisfies Partial<TrainRequest>
  const losses = (out: string): number[] =>
    readFileSync(file(out, 'log.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).loss)

  it('leaves validation images that it cannot use out of the measure, each by name, once', async () => {
    const broken = join(scratch, 'broken.png')
    copyFileSync(data.images[0]!.path, broken)
    truncateSync(broken, 2000)
    const turned = join(scratch, 'turned.jpg')
    const grey = { create: { width: 96, height: 64, channels: 3, background: '#777' } } as const
    await sharp(grey).withMetadata({ orientation: 6 }).jpeg().toFile(turned)
    const odd = [
      { ...data.images[0]!, id: 7, path: broken },
      { ...data.images[1]!, id: 8, path: turned, width: 96, height: 64 },
    ]
    const once = { evaluateEvery: 1 }
    const plain = await run('measured', { validation: data, options: options(once) })
    const validation = { ...data, images: [...odd, ...data.images] }
    const { notes, result } = await run('left-out', { validation, options: options(once) })
    expect(notes).toHaveLength(2)
    expect(notes[0]).toMatch(/^Left out of the validation: .*broken\.png/)
    expect(notes[1]).toMatch(/turned\.jpg: the image is 64×96.* its labels are for 96×64.*stored/)
    expect(result.evaluation).toEqual(plain.result.evaluation)

    const none = await run('none', { validation: { ...data, images: odd } })
    expect(none.notes.at(-1)).toMatch(/not measured: none of the validation images/)
    expect(none.result).toMatchObject({ complete: true, evaluation: null })
  }, 120_000)

  it('skips an image of another size than its labels where it detects', async () => {
    const seen: EngineEvent[] = []
    const images = data.images.slice(0, 3).map(({ path }) => path)
    const sizes = [{ width: 96, height: 96 }, { width: 64, height: 96 }, null]
    const model = join(scratch, 'measured', 'last.safetensors')
    const found = await engine.call(
      { method: 'detect', model, images, sizes, score: 0.5, nms: 0.6, limit: 5, batch: 1, size: null },
      // A machine on which this kind of model was not measured yet says that it is.
      (event) => event.kind !== 'note' && seen.push(event),
    )
    expect(found).toMatchObject({ images: 2, skipped: 1 })
    expect(seen[0]).toMatchObject({ kind: 'classes', classes: CATEGORIES })
    expect(seen[2]).toMatchObject({ kind: 'skipped', index: 1, error: { code: 'DATA_IMAGE_SIZE' } })
  }, 240_000)

  it('is extended as if it had been meant to be longer, and keeps all else', async () => {
    const constant = { schedule: { decay: 'constant' as const, warmup: 0 } }
    await run('long', { options: options({ ...constant, steps: 4 }) })
    await run('short', { options: options(constant) })
    const { result } = await run('short', { ...resumed, options: { training: { steps: 4 } } })
    expect(result).toMatchObject({ steps: 4, complete: true })
    const [long, short] = [losses('long'), losses('short')]
    expect(short).toHaveLength(4)
    for (const [i, loss] of long.entries()) expect(Math.abs(short[i]! - loss)).toBeLessThan(1e-6)
    expect(JSON.parse(readFileSync(file('short', 'run.json'), 'utf8')).options.steps).toBe(4)

    // The same request once more, and no request at all, go on.
    await run('short', { resume: true, options: options({ ...constant, steps: 4 }) })
    await run('short', resumed)
    const others: [Partial<TrainRequest>, RegExp][] = [
      [{ options: { training: { steps: 3 } } }, /at least its 4 steps \(3 were asked for\)/],
      [{ options: { training: { batch: 2 } } }, /batch 1$/],
      [{ options: { training: { size: 128 } } }, /size 96$/],
      [{ options: { training: { optimiser: { rate: 1 } } } }, /optimiser\.rate 0\.001$/],
      [{ options: { model: { head: { depth: 2 } } } }, /head\.depth 1$/],
      [{ architecture: 'r50' }, /architecture lite0$/],
      [{ weights: '/elsewhere.pth' }, /weights that it started from, chance$/],
      [
        { data: { ...data, images: data.images.slice(1) } },
        /its 4 images to train on and no to validate with$/,
      ],
    ]
    for (const [change, message] of others) {
      await expect(run('short', { ...resumed, ...change })).rejects.toMatchObject({
        code: 'USAGE_RESUME',
        message: expect.stringMatching(message),
      })
    }
  }, 120_000)

  it('can wait and stop while it caches features, and then trains as if it had not', async () => {
    const cached = { options: options({ learn: 'head' as const, cacheFeatures: true }) }
    await run('cached', cached)
    const pause = new PauseSwitch()
    const paused = await run(
      'paused',
      cached,
      (event, stop) => {
        if (event.kind === 'preparing' && event.done === 1) pause.isPaused = true
        if (event.kind === 'paused') {
          stop()
        }
      },
      pause,
    )
    const kinds = paused.events.map(({ kind }) => kind)
    expect(kinds).toContain('paused')
    expect(kinds).not.toContain('step')
    expect(kinds.filter((kind) => kind === 'preparing').length).toBeLessThan(4)
    expect(paused.result).toMatchObject({ steps: 0, complete: false })
    expect(existsSync(file('paused', 'features'))).toBe(false)
    await run('paused', resumed)
    expect(losses('paused')).toEqual(losses('cached'))
  }, 120_000)

  it('says beforehand what its data let expect', async () => {
    const dark = join(scratch, 'dark.png')
    const twelve = Uint16Array.from({ length: 96 * 96 }, (_, i) => i % 4096)
    await sharp(twelve, { raw: { width: 96, height: 96, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toFile(dark)
    const tiny = (image: EngineData['images'][number]) => ({
      ...image,
      boxes: image.boxes.map((value) => value / 96),
    })
    const [first] = data.images
    const images = [
      { ...first!, path: dark },
      { ...first!, id: 9, path: dark },
    ].map(tiny)
    const { notes } = await run('odd', { data: { ...data, images } })
    expect(notes).toEqual([
      expect.stringMatching(/^None of the 4 boxes can be learnt at 96 px/),
      expect.stringMatching(/^Classes that train nothing yet: red .*, blue /),
      expect.stringMatching(/^Every one of the 4 boxes is smaller than a pixel .* between 0 and 1/),
      expect.stringMatching(/^1 image is listed more than once.*dark\.png under 1, 9\. It is learnt/),
      expect.stringMatching(/dark\.png is all but black/),
    ])
    expect((await run('usual')).notes).toEqual([])
  }, 120_000)

  it('is trained by one process at a time, and says by which', () => {
    const folder = join(scratch, 'locked')
    const held = lockRun(folder, 'The run', 'fcos train')
    expect(() => lockRun(folder, 'The run', 'FCOS Studio')).toThrow(
      expect.objectContaining({
        code: 'USAGE_TRAINING',
        message: expect.stringMatching(
          `^The run is being trained by process ${process.pid} \\(fcos train\\)`,
        ),
      }),
    )
    held.release()
    lockRun(folder, 'The run', 'FCOS Studio').release()
  })
})
