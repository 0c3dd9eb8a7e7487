/** A program may start before its engine is set up. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import {
  DETECTION_SPEEDS,
  type DetectionSpeed,
  RUNTIME_RECORD,
} from '../../../../src/core/contract/runtime.ts'
import type { AppInfo } from '../../../../src/core/contract/studio/app.ts'
import type { RunPlan } from '../../../../src/core/contract/studio/runs.ts'
import { createHost } from '../../../../src/main/studio/api/create-host.ts'
import { onnxRecord } from '../../../support/onnx-record.ts'
import { scratch } from '../../../support/scratch.ts'
import { connect, SAMPLE } from '../../../support/studio.ts'

const PLAN: RunPlan = {
  model: { kind: 'pretrained', architecture: 'lite0' },
  ...{ learnFrom: 'train', measureWith: 'val', overfit: null, options: {} },
}

test('an engine that is set up after the start can train, and windows are told', async () => {
  const folder = await scratch()
  vi.stubEnv('FCOS_HOME', path.join(folder, 'data'))
  onTestFinished(() => void vi.unstubAllEnvs())
  const engine = { node: process.execPath, root: path.join(folder, 'engine') }
  let why: string | undefined = 'The engine is being set up'
  const host = createHost({
    ...{
      shell: 'desktop',
      root: path.join(SAMPLE, '../..'),
      cacheFolder: path.join(folder, 'cache'),
      engine,
    },
    whyNoEngine: () => why,
  })
  onTestFinished(() => host.close())
  const client = connect(host)
  const told: AppInfo[] = []
  client.on('app', (info) => told.push(info))
  await client.call('project.openSample', {})
  expect((await client.call('app.info', {})).engine).toEqual({ title: why, canTrain: false })
  expect((await client.call('runs.propose', PLAN)).warnings).toMatchObject([
    { kind: 'cannot-train', message: why },
  ])

  const record = path.join(engine.root, RUNTIME_RECORD)
  await mkdir(path.dirname(record), { recursive: true })
  await writeFile(record, JSON.stringify({ ...onnxRecord, tensorflow: '2', device: 'cpu' }))
  why = undefined
  host.engineChanged()
  expect((await client.call('app.info', {})).engine.canTrain).toBe(true)
  expect(told).toHaveLength(1)
  expect(told[0]!.engine.canTrain).toBe(true)
  expect((await client.call('runs.propose', PLAN)).warnings).toEqual([])

  await rm(record)
  expect((await client.call('app.info', {})).engine.title).toContain('npm run setup')
})

test('a window says what detects, and how fast, as it was measured', async () => {
  const folder = await scratch()
  vi.stubEnv('FCOS_HOME', path.join(folder, 'data'))
  vi.stubEnv('FCOS_CACHE', folder)
  onTestFinished(() => void vi.unstubAllEnvs())
  const host = createHost({ shell: 'browser', root: path.join(SAMPLE, '../..'), cacheFolder: folder })
  onTestFinished(() => host.close())
  const client = connect(host)
  expect((await client.call('app.info', {})).detection).toEqual([])
  const of = (model: string, at: string): DetectionSpeed => ({
    ...{ model, at, runtime: 'webgpu', ms: { tensorflow: 62, onnx: 36, webgpu: 4 } },
    ...{ why: '', times: 1, quiet: true },
  })
  const speeds = { a: of('old', '2026-01-01T00:00:00Z'), b: of('new', '2026-01-02T00:00:00Z') }
  await writeFile(path.join(folder, DETECTION_SPEEDS), JSON.stringify(speeds))
  const rest = 'ONNX Runtime on WebGPU, 250 images/s (TensorFlow 16, ONNX Runtime 28)'
  expect((await client.call('app.info', {})).detection).toEqual([`new: ${rest}`, `old: ${rest}`])
})
