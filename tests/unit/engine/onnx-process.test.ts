import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BenchRequest, TrainRequest } from '../../../src/core/contract/engine.ts'
import type { Engine } from '../../../src/main/studio/engine/client.ts'
import { startEngine } from '../../../src/main/studio/engine/spawn.ts'

const preload = new URL('../../support/onnx-machine.ts', import.meta.url)
const bench: BenchRequest = {
  method: 'bench',
  architecture: 'lite0',
  width: 96,
  height: 64,
  runs: 1,
  train: false,
}

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
  const ignore = () => {}

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
    expect(result).toMatchObject({ inferMs: null, onnxMs: expect.any(Number), trainMs: null })
    expect(result.onnxMs).toBeGreaterThan(0)
  })

  it('refuses to train in one line with the remedy, and writes nothing', async () => {
    const boxes = Float64Array.of(1, 1, 20, 20)
    const image = { id: 1, path: 'a.jpg', width: 32, height: 32, boxes, areas: Float64Array.of(361) }
    const train: TrainRequest = {
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
    for (const request of [train, { ...bench, train: true }])
      await expect(engine.call(request, ignore)).rejects.toMatchObject({
        code: 'RUNTIME_INFERENCE_ONLY',
        remedy: expect.stringContaining('fcos doctor'),
      })
    expect(readdirSync(folder)).toEqual([])
    // It is still there for detection.
    expect((await engine.call(bench, ignore)).onnxMs).toBeGreaterThan(0)
  })
})
