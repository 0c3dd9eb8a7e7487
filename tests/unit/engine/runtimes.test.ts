/** Which runtime detects: measured once for a kind of model, remembered, and forced where somebody asks. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { DetectionSpeeds, speedTitle } from '../../../src/core/contract/runtime.ts'
import { lite0Config } from '../../../src/core/detectors/fcos/presets.ts'
import { initialWeights } from '../../../src/main/engine/train/initial-weights.ts'
import { onnxRecord } from '../../support/onnx-record.ts'
import { scratch } from '../../support/scratch.ts'

const preset = lite0Config([{ id: 1, name: 'cell' }], 64)
const config = { ...preset, head: { ...preset.head, channels: 16, groups: 4, depth: 1 } }
const checkpoint = { config, tensors: initialWeights(config, 0) }

afterEach(() => {
  vi.unstubAllEnvs()
  vi.resetModules()
  vi.doUnmock('../../../src/main/engine/onnx/session.ts')
  vi.doUnmock('../../../src/main/engine/tensor/runtime-record.ts')
})

/** The runtime that a model is opened on, and what was said. */
async function open(env: Readonly<Record<string, string>>): Promise<{ runtime: string; said: string[] }> {
  vi.resetModules()
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const { openRunner } = await import('../../../src/main/engine/detect/runtimes.ts')
  const said: string[] = []
  const runner = await openRunner(checkpoint, (message) => said.push(message))
  runner.dispose()
  return { runtime: runner.runtime.split(' ')[0]!, said }
}

test('it is measured once, and what was written down decides from then on', async () => {
  const FCOS_DETECTION_SPEEDS = join(await scratch(), 'speeds.json')
  const first = await open({ FCOS_DETECTION_SPEEDS })
  expect(first.said).toHaveLength(1)
  const speeds = DetectionSpeeds.parse(JSON.parse(readFileSync(FCOS_DETECTION_SPEEDS, 'utf8')))
  const [[key, speed]] = Object.entries(speeds) as [[string, (typeof speeds)[string]]]
  expect(speed.tensorflowMs).toBeGreaterThan(0)
  expect(speed.onnxMs).toBeGreaterThan(0)
  expect(first.runtime).toBe(speed.runtime === 'onnx' ? 'ONNX' : 'TensorFlow')
  expect(speedTitle(speed)).toMatch(/^lite0 FCOS, 64 × 64 px: .* images\/s/)
  for (const runtime of ['onnx', 'tensorflow'] as const) {
    writeFileSync(FCOS_DETECTION_SPEEDS, JSON.stringify({ [key]: { ...speed, runtime } }))
    expect(await open({ FCOS_DETECTION_SPEEDS })).toEqual({
      runtime: runtime === 'onnx' ? 'ONNX' : 'TensorFlow',
      said: [],
    })
  }
  const forced = await open({ FCOS_DETECTION_SPEEDS, FCOS_RUNTIME: 'onnx' })
  expect(forced.runtime).toBe('ONNX')
})

test('what a busy machine gave is measured again later, and the least times decide', async () => {
  const FCOS_DETECTION_SPEEDS = join(await scratch(), 'speeds.json')
  await open({ FCOS_DETECTION_SPEEDS })
  const read = () =>
    Object.entries(DetectionSpeeds.parse(JSON.parse(readFileSync(FCOS_DETECTION_SPEEDS, 'utf8'))))
  const [[key, first]] = read() as [ReturnType<typeof read>[number]]
  expect(first.times).toBe(1)
  const long = '2026-01-01T00:00:00.000Z'
  // TensorFlow was as fast as nothing is, and ONNX Runtime slowed down by whatever else ran.
  const wrong = { ...first, runtime: 'tensorflow', tensorflowMs: 0.001, onnxMs: 1e6, quiet: false }
  const after = async (speed: object) => {
    writeFileSync(FCOS_DETECTION_SPEEDS, JSON.stringify({ [key]: { ...wrong, ...speed } }))
    const { said } = await open({ FCOS_DETECTION_SPEEDS })
    return { again: said.length === 1, speed: read()[0]![1] }
  }
  const again = await after({ at: long })
  expect(again).toMatchObject({
    again: true,
    speed: { times: 2, tensorflowMs: 0.001, runtime: 'tensorflow' },
  })
  expect(again.speed.onnxMs).toBeLessThan(1e6)
  expect(Date.parse(again.speed.at)).toBeGreaterThan(Date.parse(long))
  for (const settled of [
    { quiet: true, at: long },
    { times: 3, at: long },
    {},
    { tensorflowMs: null, at: long },
  ])
    expect((await after(settled)).again, JSON.stringify(settled)).toBe(false)
  // As the file was before it said how often.
  const { times: _, quiet: __, ...older } = { ...wrong, at: long }
  writeFileSync(FCOS_DETECTION_SPEEDS, JSON.stringify({ [key]: older }))
  expect((await open({ FCOS_DETECTION_SPEEDS })).said).toHaveLength(1)
})

test('TensorFlow detects where ONNX Runtime gives something else or fails, and the reason is kept', async () => {
  for (const [why, wrong] of [
    ['computes something else', 2],
    ['does not run it: no such operation', null],
  ] as const) {
    const FCOS_DETECTION_SPEEDS = join(await scratch(), 'speeds.json')
    vi.resetModules()
    vi.doMock('../../../src/main/engine/onnx/session.ts', async (original) => {
      const real = await original<typeof import('../../../src/main/engine/onnx/session.ts')>()
      return {
        ...real,
        onnxRunner: async () => {
          if (wrong === null) throw new Error('no such operation')
          const runner = await real.onnxRunner(checkpoint)
          const raw: typeof runner.raw = async (input) => {
            const found = await runner.raw(input)
            found.images[0]!.outputs.logits![0]! *= wrong
            return found
          }
          return { ...runner, raw }
        },
      }
    })
    expect((await open({ FCOS_DETECTION_SPEEDS })).runtime).toBe('TensorFlow')
    expect(readFileSync(FCOS_DETECTION_SPEEDS, 'utf8')).toContain(why)
  }
})

test('without TensorFlow, ONNX Runtime detects, and forcing TensorFlow is refused', async () => {
  const record = () => ({ runtimeRecord: () => onnxRecord, tensorflowFault: () => null })
  vi.doMock('../../../src/main/engine/tensor/runtime-record.ts', record)
  expect((await open({})).runtime).toBe('ONNX')
  vi.resetModules()
  await expect(open({ FCOS_RUNTIME: 'tensorflow' })).rejects.toMatchObject({ code: 'USAGE_RUNTIME' })
})
