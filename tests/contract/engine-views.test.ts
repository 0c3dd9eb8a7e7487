/** What the studio's window asks of the engine beside training, in the engine's own process. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type {
  CandidatesRequest,
  DetectRequest,
  EngineData,
  EngineEvent,
  ExportModelRequest,
  MapsRequest,
  ScoredBox,
} from '../../src/core/contract/engine.ts'
import type { FcosConfig } from '../../src/core/detectors/fcos/config.ts'
import type { ImageOutputs } from '../../src/core/detectors/fcos/decode.ts'
import { predictedDistances } from '../../src/core/detectors/fcos/distances.ts'
import type { Candidates } from '../../src/core/detectors/shared/candidates.ts'
import { selectDetections } from '../../src/core/detectors/shared/select.ts'
import { decodeSafetensors } from '../../src/core/formats/safetensors.ts'
import { pyramid } from '../../src/core/pyramid/levels.ts'
import { locationPoints } from '../../src/core/pyramid/locations.ts'
import type { Engine } from '../../src/main/studio/engine/client.ts'
import { PauseSwitch } from '../../src/main/studio/engine/pause-switch.ts'
import { startEngine } from '../../src/main/studio/engine/spawn.ts'
import { ViewingEngine } from '../../src/main/studio/engine/viewing-engine.ts'
import { decodeDetections } from '../support/decode-detections.ts'
import { CATEGORIES, pictures, SMALL } from '../support/pictures.ts'

describe('an engine that looks', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'fcos-views-'))
  const model = join(scratch, 'run', 'last.safetensors')
  const start = () => startEngine({ fastMath: false })
  let engine: Engine
  let data: EngineData
  let paths: string[]

  beforeAll(async () => {
    data = await pictures(join(scratch, 'pictures'), 6)
    paths = data.images.map(({ path }) => path)
    engine = await start()
    const training = { ...SMALL.training, steps: 12, saveEvery: 100, optimiser: { rate: 3e-3 } }
    await engine.call(
      {
        method: 'train',
        out: join(scratch, 'run'),
        weights: null,
        architecture: 'lite0',
        data,
        validation: null,
        options: { ...SMALL, training },
        resume: false,
      },
      () => {},
    )
  }, 240_000)
  afterAll(async () => {
    await engine.close()
    rmSync(scratch, { recursive: true })
  })

  const detectRequest = (changes: Partial<DetectRequest> = {}): DetectRequest => ({
    method: 'detect',
    model,
    images: paths,
    score: 0.05,
    nms: 0.6,
    limit: 100,
    batch: 2,
    size: null,
    ...changes,
  })
  const candidatesRequest: CandidatesRequest = {
    method: 'candidates',
    model,
    images: [],
    batch: 2,
    size: null,
    floor: 0.01,
  }
  const mapsRequest = (image = paths[0], size: number | null = null): MapsRequest => ({
    method: 'maps',
    model,
    image,
    size,
  })

  async function detections(changes: Partial<DetectRequest> = {}, on = engine): Promise<ScoredBox[][]> {
    const found: ScoredBox[][] = []
    await on.call(detectRequest(changes), (event) => {
      if (event.kind === 'detected') found[event.index] = [...event.detections]
    })
    return found
  }

  const scoredBoxes = (candidates: Candidates, kept: Int32Array): ScoredBox[] => {
    const { scores } = candidates
    return Array.from(kept, (i) => {
      const [x1, y1, x2, y2] = candidates.boxes.subarray(i * 4, i * 4 + 4)
      return { box: [x1, y1, x2, y2], categoryId: CATEGORIES[candidates.labels[i]].id, score: scores[i] }
    })
  }

  it('gives candidates of which exactly the detections of any threshold can be selected', async () => {
    const events: EngineEvent[] = []
    const images = [paths[0], join(scratch, 'absent.png'), ...paths.slice(1)]
    const result = await engine.call({ ...candidatesRequest, images }, (event) => {
      // A machine on which this kind of model was not measured yet, or was while it was busy, says that it is.
      if (event.kind !== 'note') events.push(event)
    })
    expect(result).toMatchObject({ images: 6, skipped: 1, complete: true, model: { thresholds: null } })
    expect(events[1]).toMatchObject({ kind: 'skipped', index: 1, error: { code: 'DATA_IMAGE_UNREADABLE' } })
    const found = events.flatMap((event) => (event.kind === 'candidates' ? [event] : []))
    for (const { score, nms, limit } of [
      { score: 0.01, nms: 0.6, limit: 100 },
      { score: 0.08, nms: 0.3, limit: 1000 },
      { score: 0.2, nms: 0.9, limit: 5 },
    ]) {
      const wanted = await detections({ score, nms, limit })
      expect(wanted.flat().length).toBeGreaterThan(0)
      const options = {
        scoreThreshold: score,
        nmsThreshold: nms,
        maxDetections: limit,
        candidatesPerLevel: 1000,
      }
      const selected = found.map(({ candidates }) =>
        scoredBoxes(candidates, selectDetections(candidates, options)),
      )
      expect(selected).toEqual(wanted)
    }
  }, 240_000)

  it('tells alike images by their embeddings', async () => {
    const copy = join(scratch, 'copy.png')
    copyFileSync(paths[0], copy)
    const embeddings: Float32Array[] = []
    await engine.call({ ...candidatesRequest, images: [paths[0], paths[1], copy] }, (event) => {
      if (event.kind === 'candidates') embeddings.push(event.embedding)
    })
    const distance = (a: number, b: number) =>
      Math.hypot(...embeddings[a].map((v, i) => v - embeddings[b][i]))
    expect(embeddings[0]).toHaveLength(16)
    expect(distance(0, 2)).toBeLessThan(1e-5)
    expect(distance(0, 1)).toBeGreaterThan(1e-3)
  })

  it('gives the maps that detections come from', async () => {
    const maps = await engine.call(mapsRequest(), () => {})
    const { parameters, resized, input, image, model: info } = maps
    const outputs = maps.outputs as ImageOutputs
    const config = info.config as FcosConfig
    const grid = pyramid(input, config.assignment.location)
    expect(outputs.centerness).toHaveLength(grid.locations)
    expect([image, resized, input]).toEqual([96, 96, 96].map((side) => ({ width: side, height: side })))
    const found = decodeDetections(outputs, {
      pyramid: grid,
      distance: config.head.distance,
      scales: parameters.scales,
      image: resized,
      scoreThreshold: 0.05,
      candidatesPerLevel: 1000,
      nmsThreshold: 0.6,
      maxDetections: 100,
    })
    const [wanted] = await detections({ images: [paths[0]], batch: 1 })
    expect([...found.scores]).toEqual(wanted.map(({ score }) => score))
    expect([...found.boxes]).toEqual(wanted.flatMap(({ box }) => [...box]))

    const distances = predictedDistances(
      outputs.regression,
      grid,
      config.head.distance,
      parameters.scales ?? null,
    )
    const points = locationPoints(grid)
    for (const [i, at] of found.locations.entries()) {
      const [x, y] = points.subarray(at * 2, at * 2 + 2)
      const [l, t, r, b] = distances.subarray(at * 4, at * 4 + 4)
      const box = [x - l, y - t, x + r, y + b].map((side) => Math.min(Math.max(side, 0), 96))
      for (const [k, side] of box.entries()) expect(found.boxes[i * 4 + k]).toBeCloseTo(side, 4)
    }
  })

  it('keeps the model for the next image, sees that its file changed, and takes another input size', async () => {
    const own = join(scratch, 'own.safetensors')
    copyFileSync(model, own)
    const maps = (size: number | null = null) =>
      engine.call({ ...mapsRequest(paths[1], size), model: own }, () => {})
    const first = await maps()
    const second = await maps()
    expect(second.milliseconds.load).toBeLessThan(first.milliseconds.load / 3)
    expect(second.outputs.logits).toEqual(first.outputs.logits)
    const larger = await maps(160)
    expect(larger).toMatchObject({ input: { width: 160, height: 160 } })
    expect(larger.model.config.input).toMatchObject({ shortSide: 160, longSide: 160 })

    const exported: ExportModelRequest = {
      method: 'export-model',
      model: own,
      out: own,
      thresholds: [0.3, 0.4],
      card: null,
    }
    await engine.call(exported, () => {})
    utimesSync(own, new Date(), new Date(statSync(own).mtimeMs + 1000))
    expect((await maps()).model.thresholds).toEqual([0.3, 0.4])
    rmSync(own)
    await expect(maps()).rejects.toMatchObject({ code: 'WEIGHTS_NOT_FOUND' })
    await expect(engine.call(mapsRequest(own), () => {})).rejects.toMatchObject({
      code: 'DATA_IMAGE_UNREADABLE',
    })
  })

  it('answers beside a job, drops what is no longer wanted, pauses and goes on', async () => {
    const images = Array.from({ length: 60 }, (_, i) => paths[i % paths.length])
    const pause = new PauseSwitch()
    const order: string[] = []
    let views: Promise<unknown> | undefined
    const look = async (): Promise<void> => {
      const abort = new AbortController()
      const first = engine.call(mapsRequest(paths[0]), () => {})
      const stale = engine.call(mapsRequest(paths[1]), () => {}, abort.signal)
      abort.abort()
      await expect(stale).rejects.toMatchObject({ code: 'ENGINE_CANCELLED' })
      expect((await first).outputs).toBeDefined()
      order.push('maps')
      pause.isPaused = false
    }
    const result = await engine.call(
      detectRequest({ images, batch: 1 }),
      (event) => {
        if (event.kind === 'detected' && event.index === 3) pause.isPaused = true
        if (event.kind !== 'detected') order.push(event.kind)
        if (event.kind === 'paused') views ??= look()
      },
      undefined,
      pause,
    )
    await views
    expect(result).toMatchObject({ images: 60, complete: true })
    expect(order).toEqual(['classes', 'paused', 'maps', 'continued'])

    const abort = new AbortController()
    const cancelled = await engine.call(
      detectRequest({ images, batch: 1 }),
      (event) => {
        if (event.kind === 'detected' && event.index === 3) pause.isPaused = true
        if (event.kind === 'paused') abort.abort()
      },
      abort.signal,
      pause,
    )
    expect(cancelled.complete).toBe(false)
  }, 240_000)

  it('exports a model that detects the same, with thresholds and a card', async () => {
    const out = join(scratch, 'exported.safetensors')
    const request: ExportModelRequest = {
      method: 'export-model',
      model,
      out,
      thresholds: [0.25, 0.5],
      card: '# Squares\n',
    }
    await engine.call(request, () => {})
    const { metadata, tensors } = decodeSafetensors(readFileSync(out))
    expect(metadata.card).toBe('# Squares\n')
    expect(JSON.parse(metadata.thresholds)).toEqual([0.25, 0.5])
    expect(tensors.size).toBe(decodeSafetensors(readFileSync(model)).tensors.size)
    const fresh = await start()
    expect(await detections({ model: out }, fresh)).toEqual(await detections())
    await fresh.close()

    await expect(engine.call({ ...request, thresholds: [0.5] }, () => {})).rejects.toMatchObject({
      code: 'USAGE_THRESHOLDS',
    })
    symlinkSync('/dev/full', `${out}.partial`)
    await expect(engine.call({ ...request, card: 'new' }, () => {})).rejects.toMatchObject({
      code: 'IO_DISK_FULL',
    })
    expect(decodeSafetensors(readFileSync(out)).metadata.card).toBe('# Squares\n')
  }, 240_000)

  it('killed while it finds candidates or maps, it says so and is replaced at the next request', async () => {
    const viewing = new ViewingEngine(start)
    const { pid } = await viewing.hello()
    const kill = (of: number): true => process.kill(of, 'SIGKILL')
    const many = Array.from({ length: 100 }, (_, i) => paths[i % paths.length])
    const during = viewing.call({ ...candidatesRequest, images: many, batch: 1 }, (event) => {
      if (event.kind === 'candidates' && event.index === 2) kill(pid)
    })
    await expect(during).rejects.toMatchObject({
      code: 'ENGINE_DIED',
      remedy: expect.stringContaining('Try again'),
    })
    const { pid: second } = await viewing.hello()
    expect(second).not.toBe(pid)
    const maps = viewing.call(mapsRequest())
    kill(second)
    await expect(maps).rejects.toMatchObject({ code: 'ENGINE_DIED' })
    expect((await viewing.call(mapsRequest())).outputs.logits.length).toBeGreaterThan(0)
    await viewing.close()
  }, 240_000)
})
