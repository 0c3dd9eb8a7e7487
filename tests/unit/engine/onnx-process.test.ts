import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BenchRequest, TrainRequest } from '../../../src/core/contract/engine.ts'
import { lite0Config } from '../../../src/core/detectors/fcos/presets.ts'
import { initialWeights } from '../../../src/main/engine/train/initial-weights.ts'
import { writeCheckpoint } from '../../../src/main/engine/weights/checkpoint.ts'
import type { Engine } from '../../../src/main/studio/engine/client.ts'
import { startEngine } from '../../../src/main/studio/engine/spawn.ts'
import { scratch } from '../../support/scratch.ts'

const SAMPLE = fileURLToPath(new URL('../../../resources/sample/images/table-01.jpg', import.meta.url))
const preload = new URL('../../support/onnx-machine.ts', import.meta.url)
const bench: BenchRequest = {
  method: 'bench',
  architecture: 'lite0',
  width: 96,
  height: 64,
  runs: 1,
  train: false,
}

const ignore = () => {}
const trainOn = (folder: string): TrainRequest => {
  const boxes = Float64Array.of(1, 1, 20, 20)
  const image = { id: 1, path: 'a.jpg', width: 32, height: 32, boxes, areas: Float64Array.of(361) }
  return {
    method: 'train',
    out: path.join(folder, 'run'),
    weights: null,
    architecture: 'lite0',
    data: {
      categories: [{ id: 1, name: 'a' }],
      images: [{ ...image, categories: Int32Array.of(1), crowds: new Uint8Array(1) }],
    },
    validation: null,
    options: {},
    resume: false,
  }
}

describe('an engine whose TensorFlow does not load', () => {
  const broken = new URL('../../support/broken-tensorflow.ts', import.meta.url)
  const damage = { code: 'RUNTIME_DAMAGED', message: 'libtensorflow.so.2 was cut short', remedy: 'Repair it' }
  it.each([
    ['does not open', {}, 'RUNTIME_BROKEN', 'TensorFlow does not load'],
    [
      'is damaged, as the studio sees',
      { FCOS_NO_TENSORFLOW: JSON.stringify(damage) },
      'RUNTIME_DAMAGED',
      damage.message,
    ],
  ])('detects, and says why it cannot train: the library %s', async (_, env, code, message) => {
    const folder = await scratch()
    const model = path.join(folder, 'model.safetensors')
    const preset = lite0Config([{ id: 1, name: 'cell' }], 64)
    const config = { ...preset, head: { ...preset.head, channels: 16, groups: 4, depth: 1 } }
    await writeCheckpoint(model, { config, tensors: initialWeights(config, 0) })
    const engine = await startEngine({ env: { NODE_OPTIONS: `--import=${broken}`, ...env } })
    try {
      const said: string[] = []
      const result = await engine.call(
        {
          ...{ method: 'detect', model, images: [SAMPLE], sizes: [null], size: null },
          ...{ score: 0.05, nms: null, batch: 1, limit: 10 },
        },
        (event) => {
          if (event.kind === 'note') said.push(event.message)
          if (event.kind === 'classes') said.push(event.runtime)
        },
      )
      expect(result).toMatchObject({ images: 1, skipped: 0, complete: true })
      expect(said).toContainEqual(expect.stringContaining(message))
      expect(said.at(-1)).toMatch(/^ONNX Runtime/)
      await expect(engine.call(trainOn(folder), ignore)).rejects.toMatchObject({ code })
    } finally {
      await engine.close()
    }
  })
})

describe('an engine without TensorFlow', () => {
  let engine: Engine
  const folder = mkdtempSync(path.join(tmpdir(), 'fcos-onnx-'))
  beforeAll(async () => {
    engine = await startEngine({ env: { NODE_OPTIONS: `--import=${preload}` } })
  })
  afterAll(async () => {
    await engine.close()
    rmSync(folder, { recursive: true })
  })

  it('says so', () => {
    expect(engine.hello).toMatchObject({
      device: 'onnx',
      tensorflow: null,
      nativeKernels: false,
      fastMath: false,
    })
  })

  it('detects', async () => {
    const result = await engine.call(bench, ignore)
    expect(result).toMatchObject({ detectMs: { onnx: expect.any(Number) }, trainMs: null })
    expect(result.detectMs.onnx).toBeGreaterThan(0)
  })

  it('refuses to train in one line with the remedy, and writes nothing', async () => {
    for (const request of [trainOn(folder), { ...bench, train: true }])
      await expect(engine.call(request, ignore)).rejects.toMatchObject({
        code: 'RUNTIME_INFERENCE_ONLY',
        remedy: expect.stringContaining('fcos doctor'),
      })
    expect(readdirSync(folder)).toEqual([])
    // It is still there for detection.
    expect((await engine.call(bench, ignore)).detectMs.onnx).toBeGreaterThan(0)
  })
})
