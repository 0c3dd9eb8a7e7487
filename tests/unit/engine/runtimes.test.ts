/** Which runtime detects: measured once for a kind of model, remembered, and forced where somebody asks. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { DetectionSpeeds, speedTitle } from '../../../src/core/contract/runtime.ts'
import type { Outputs } from '../../../src/core/detectors/detector.ts'
import { detectorOf } from '../../../src/core/detectors/detectors.ts'
import { lite0Config } from '../../../src/core/detectors/fcos/presets.ts'
import { mulberry32 } from '../../../src/core/random.ts'
import type { NetworkInput } from '../../../src/main/engine/data/preprocess.ts'
import type { Runner } from '../../../src/main/engine/detect/runner.ts'
import { Graph } from '../../../src/main/engine/onnx/graph.ts'
import { runtimeRecord } from '../../../src/main/engine/tensor/runtime-record.ts'
import { initialWeights } from '../../../src/main/engine/train/initial-weights.ts'
import type { Checkpoint } from '../../../src/main/engine/weights/checkpoint.ts'
import { onnxRecord } from '../../support/onnx-record.ts'
import { scratch } from '../../support/scratch.ts'

const preset = lite0Config([{ id: 1, name: 'cell' }], 64)
const config = { ...preset, head: { ...preset.head, channels: 16, groups: 4, depth: 1 } }
const checkpoint = { config, tensors: initialWeights(config, 0) }

// OpenVINO has tests of its own below.
beforeEach(() => void vi.stubEnv('FCOS_NO_OPENVINO', 'It is not part of this test'))

afterEach(() => {
  vi.unstubAllEnvs()
  vi.resetModules()
  vi.doUnmock('../../../src/main/engine/onnx/session.ts')
  vi.doUnmock('../../../src/main/engine/detect/trial.ts')
  vi.doUnmock('../../../src/main/engine/openvino/session.ts')
  vi.doUnmock('../../../src/main/engine/tensor/runtime-record.ts')
})

/** The runtime that a model is opened on, and what was said. */
async function open(
  env: Readonly<Record<string, string>>,
  mayRound = false,
): Promise<{ runtime: string; said: string[] }> {
  vi.resetModules()
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const { openRunner } = await import('../../../src/main/engine/detect/runtimes.ts')
  const said: string[] = []
  const runner = await openRunner(checkpoint, (message) => said.push(message), mayRound)
  runner.dispose()
  return { runtime: runner.runtime.split(' ')[0]!, said }
}

test('it is measured once, and what was written down decides from then on', async () => {
  const FCOS_DETECTION_SPEEDS = join(await scratch(), 'speeds.json')
  const first = await open({ FCOS_DETECTION_SPEEDS })
  expect(first.said).toHaveLength(1)
  const speeds = DetectionSpeeds.parse(JSON.parse(readFileSync(FCOS_DETECTION_SPEEDS, 'utf8')))
  const [[key, speed]] = Object.entries(speeds) as [[string, (typeof speeds)[string]]]
  expect(speed.ms).toEqual({ tensorflow: expect.any(Number), onnx: expect.any(Number) })
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
  const wrong = { ...first, runtime: 'tensorflow', ms: { tensorflow: 0.001, onnx: 1e6 }, quiet: false }
  const after = async (speed: object) => {
    writeFileSync(FCOS_DETECTION_SPEEDS, JSON.stringify({ [key]: { ...wrong, ...speed } }))
    const { said } = await open({ FCOS_DETECTION_SPEEDS })
    return { again: said.length === 1, speed: read()[0]![1] }
  }
  const again = await after({ at: long })
  expect(again).toMatchObject({
    again: true,
    speed: { times: 2, ms: { tensorflow: 0.001 }, runtime: 'tensorflow' },
  })
  expect(again.speed.ms.onnx).toBeLessThan(1e6)
  expect(Date.parse(again.speed.at)).toBeGreaterThan(Date.parse(long))
  for (const settled of [
    { quiet: true, at: long },
    { times: 3, at: long },
    {},
    { ms: { tensorflow: 1 }, at: long },
  ])
    expect((await after(settled)).again, JSON.stringify(settled)).toBe(false)
  // As the file was before GPUs were timed.
  const { ms: _, ...older } = { ...wrong, tensorflowMs: 1, onnxMs: 2 }
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

/** As if ONNX Runtime found a GPU, on which `trial` runs a model. */
function withGpu(
  trial: (real: Runner, input: NetworkInput) => Promise<{ ms: number; outputs: Outputs }>,
): void {
  vi.doMock('../../../src/main/engine/onnx/session.ts', async (original) => {
    const real = await original<typeof import('../../../src/main/engine/onnx/session.ts')>()
    return {
      ...real,
      mayHaveGpu: () => true,
      gpuRuntimes: async () => ['webgpu'],
      onnxRunner: async (of: Checkpoint, { gpu, ...rest }: { gpu?: string } = {}) => {
        const runner = await real.onnxRunner(of, rest)
        return gpu ? { ...runner, runtime: 'WebGPU' } : runner
      },
    }
  })
  vi.doMock('../../../src/main/engine/detect/trial.ts', () => ({
    tryApart: async (_: string, __: Uint8Array, ___: readonly string[], input: NetworkInput) => {
      const { onnxRunner } = await import('../../../src/main/engine/onnx/session.ts')
      const runner = await onnxRunner(checkpoint)
      return trial(runner, input)
    },
  }))
}

test('a GPU detects where it is faster and gives the same, and the reason is kept where not', async () => {
  const outputsOf = async (runner: Runner, input: NetworkInput) =>
    (await runner.raw(input)).images[0]!.outputs
  const same = (ms: number) => async (runner: Runner, input: NetworkInput) => ({
    ms,
    outputs: await outputsOf(runner, input),
  })
  for (const [trial, wins, why] of [
    [same(1e-3), true, 'ONNX Runtime on WebGPU is faster, with the same results'],
    [same(1e6), false, /(is faster, with the same results|TensorFlow is as fast)$/],
    [
      async (runner: Runner, input: NetworkInput) => {
        const outputs = await outputsOf(runner, input)
        outputs.logits![7]! += 1
        return { ms: 1e-3, outputs }
      },
      false,
      /ONNX Runtime on WebGPU computes something else$/,
    ],
    [
      async () => {
        throw new Error('No supported adapters')
      },
      false,
      /ONNX Runtime on WebGPU does not run it: No supported adapters$/,
    ],
  ] as const) {
    const FCOS_DETECTION_SPEEDS = join(await scratch(), 'speeds.json')
    vi.unstubAllEnvs()
    vi.stubEnv('FCOS_NO_OPENVINO', 'It is not part of this test')
    withGpu(trial)
    const { runtime } = await open({ FCOS_DETECTION_SPEEDS })
    expect(runtime === 'WebGPU', String(why)).toBe(wins)
    const [speed] = Object.values(
      DetectionSpeeds.parse(JSON.parse(readFileSync(FCOS_DETECTION_SPEEDS, 'utf8'))),
    )
    expect(speed!.why).toMatch(why)
    if (!wins) continue
    // It is remembered, but not used by an engine that has to leave GPUs alone.
    expect(await open({ FCOS_DETECTION_SPEEDS })).toEqual({ runtime: 'WebGPU', said: [] })
    expect((await open({ FCOS_DETECTION_SPEEDS, FCOS_NO_GPU: '1' })).runtime).not.toBe('WebGPU')
  }
})

test('where the GPU that was chosen no longer starts, the CPU detects, and it is said', async () => {
  const FCOS_DETECTION_SPEEDS = join(await scratch(), 'speeds.json')
  withGpu(async (runner, input) => ({ ms: 1e-3, outputs: (await runner.raw(input)).images[0]!.outputs }))
  await open({ FCOS_DETECTION_SPEEDS })
  vi.doMock('../../../src/main/engine/onnx/session.ts', async (original) => {
    const real = await original<typeof import('../../../src/main/engine/onnx/session.ts')>()
    return {
      ...{ ...real, mayHaveGpu: () => true, gpuRuntimes: async () => ['webgpu'] },
      onnxRunner: async (of: Checkpoint, { gpu, ...rest }: { gpu?: string } = {}) => {
        if (gpu) throw new Error('The driver is gone')
        return real.onnxRunner(of, rest)
      },
    }
  })
  const { runtime, said } = await open({ FCOS_DETECTION_SPEEDS })
  expect(runtime).toBe('ONNX')
  expect(said).toEqual([expect.stringMatching(/WebGPU no longer runs.*The driver is gone/)])
  await expect(open({ FCOS_RUNTIME: 'webgpu' })).rejects.toMatchObject({
    code: 'USAGE_RUNTIME',
    message: expect.stringContaining('The driver is gone'),
  })
})

test('a GPU that is forced has to give the results of the CPU', async () => {
  let factor = 1
  vi.doMock('../../../src/main/engine/onnx/session.ts', async (original) => {
    const real = await original<typeof import('../../../src/main/engine/onnx/session.ts')>()
    return {
      ...real,
      onnxRunner: async (of: Checkpoint, { gpu, ...rest }: { gpu?: string } = {}) => {
        const runner = await real.onnxRunner(of, rest)
        const raw: typeof runner.raw = async (input) => {
          const found = await runner.raw(input)
          if (gpu) found.images[0]!.outputs.logits![0]! *= factor
          return found
        }
        return { ...runner, raw, ...(gpu && { runtime: 'WebGPU' }) }
      },
    }
  })
  expect((await open({ FCOS_RUNTIME: 'webgpu' })).runtime).toBe('WebGPU')
  factor = 2
  await expect(open({ FCOS_RUNTIME: 'webgpu' })).rejects.toMatchObject({
    code: 'USAGE_RUNTIME',
    message: expect.stringContaining('computes something else'),
  })
})

/** Chromium's, which is a GPU to Vulkan. */
const SOFTWARE = ['/usr/lib/chromium/vk_swiftshader_icd.json', '/opt/google/chrome/vk_swiftshader_icd.json']
const software = process.env.FCOS_VULKAN_DRIVER ?? SOFTWARE.find(existsSync)
const onLinux = process.platform === 'linux' && process.arch === 'x64'
if (!software || !onLinux)
  console.warn(
    'SKIPPED: WebGPU on a software adapter (Linux x64; set FCOS_VULKAN_DRIVER to the .json of a Vulkan driver, such as the SwiftShader of the chromium package)',
  )

test.skipIf(!software || !onLinux)(
  "WebGPU gives the CPU's results, in a process of its own, on a software adapter",
  async () => {
    vi.stubEnv('VK_DRIVER_FILES', software)
    vi.stubEnv('VK_ICD_FILENAMES', software)
    const { tryApart } = await import('../../../src/main/engine/detect/trial.ts')
    const session = await import('../../../src/main/engine/onnx/session.ts')
    const { model, input } = smallModel()
    const { outputs } = await tryApart('webgpu', model, ['found'], input, 240_000)
    const cpu = await session.openSession(model)
    const shape = [1, input.height, input.width, 3]
    const wanted = (await cpu.run({ image: await session.tensorOf(input.images, shape) })).found!
    expect(outputs.found).toHaveLength(wanted.data.length)
    const apart = outputs.found!.map((value, i) => Math.abs(value - (wanted.data as Float32Array)[i]!))
    expect(Math.max(...apart)).toBeLessThan(1e-4)
    expect(Math.max(...outputs.found!)).toBeGreaterThan(0.1)
  },
  300_000,
)

test('a GPU that takes too long, or is missing, is given up with the reason', async () => {
  vi.stubEnv('VK_DRIVER_FILES', '/nothing.json')
  vi.stubEnv('VK_ICD_FILENAMES', '/nothing.json')
  const { tryApart } = await import('../../../src/main/engine/detect/trial.ts')
  const { model, input } = smallModel()
  await expect(tryApart('webgpu', model, ['found'], input, 1)).rejects.toThrow('it takes longer than 0.001 s')
  if (process.platform === 'linux')
    await expect(tryApart('webgpu', model, ['found'], input, 120_000)).rejects.toThrow(
      /^Failed to get a WebGPU adapter/,
    )
}, 150_000)

/**
 * As if OpenVINO were set up: ONNX Runtime with its weights rounded to bfloat16, which is what OpenVINO comes close to.
 * @param wrong changes the outputs.
 */
function withOpenvino(wrong: (outputs: Outputs) => void = () => {}, trial?: () => never): void {
  const rounded = async (): Promise<Runner> => {
    const { onnxRunner } = await import('../../../src/main/engine/onnx/session.ts')
    const tensors = new Map(
      [...checkpoint.tensors].map(([name, tensor]) => {
        if (tensor.shape.length !== 4) return [name, tensor] as const
        const bits = new Uint32Array(Uint8Array.from(tensor.bytes).buffer)
        for (let i = 0; i < bits.length; i++) bits[i] = (bits[i]! + 0x8000) & 0xffff0000
        return [name, { ...tensor, bytes: new Uint8Array(bits.buffer) }] as const
      }),
    )
    const runner = await onnxRunner({ config, tensors })
    const raw: Runner['raw'] = async (input) => {
      const found = await runner.raw(input)
      wrong(found.images[0]!.outputs)
      return found
    }
    return { ...runner, raw, runtime: 'OpenVINO' }
  }
  vi.doMock('../../../src/main/engine/openvino/session.ts', () => ({
    openvino: () => ({ addOn: '/openvino.node', version: '1', files: [] }),
    openvinoModel: () => new Uint8Array(),
    openvinoRunner: rounded,
  }))
  vi.doMock('../../../src/main/engine/detect/trial.ts', () => ({
    tryApart: async (_: string, __: Uint8Array, ___: readonly string[], input: NetworkInput) => {
      trial?.()
      return { ms: 1, outputs: (await (await rounded()).raw(input)).images[0]!.outputs }
    },
  }))
}

/** With what decides replaced by what OpenVINO would have to win. */
const asIfFaster = (file: string): void => {
  const [[key, speed]] = Object.entries(DetectionSpeeds.parse(JSON.parse(readFileSync(file, 'utf8'))))
  const ms = { tensorflow: 9, onnx: 6, openvino: 1 }
  writeFileSync(file, JSON.stringify({ [key!]: { ...speed!, runtime: 'openvino', ms } }))
}

test('OpenVINO detects where rounding is allowed, and where it is not the fastest of the others does', async () => {
  const FCOS_DETECTION_SPEEDS = join(await scratch(), 'speeds.json')
  withOpenvino()
  await open({ FCOS_DETECTION_SPEEDS })
  const text = readFileSync(FCOS_DETECTION_SPEEDS, 'utf8')
  expect(Object.values(DetectionSpeeds.parse(JSON.parse(text)))[0]!.ms).toEqual({
    ...{ tensorflow: expect.any(Number), onnx: expect.any(Number), openvino: expect.any(Number) },
  })
  asIfFaster(FCOS_DETECTION_SPEEDS)
  const [written] = Object.values(
    DetectionSpeeds.parse(JSON.parse(readFileSync(FCOS_DETECTION_SPEEDS, 'utf8'))),
  )
  expect(speedTitle(written!)).toBe(
    'lite0 FCOS, 64 × 64 px: OpenVINO in bfloat16, 1000 images/s (TensorFlow 111, ONNX Runtime 167); boxes and scores differ slightly from float32',
  )
  expect(await open({ FCOS_DETECTION_SPEEDS }, true)).toEqual({ runtime: 'OpenVINO', said: [] })
  expect(await open({ FCOS_DETECTION_SPEEDS }, false)).toEqual({ runtime: 'ONNX', said: [] })
  expect((await open({ FCOS_RUNTIME: 'openvino' }, true)).runtime).toBe('OpenVINO')
  await expect(open({ FCOS_RUNTIME: 'openvino' }, false)).rejects.toMatchObject({
    code: 'USAGE_RUNTIME',
    message: expect.stringContaining('bfloat16'),
  })
})

test('OpenVINO is ruled out where it computes something else or its process dies, and the reason is kept', async () => {
  const swapped = (outputs: Outputs): void => {
    const { regression } = outputs as { regression: Float32Array }
    for (let i = 0; i < regression.length; i += 4)
      [regression[i], regression[i + 1]] = [regression[i + 1]!, regression[i]!]
  }
  const shifted = ({ centerness }: Outputs): void => void centerness!.copyWithin(0, 1)
  const unknown = ({ logits }: Outputs): void => void (logits![5] = Number.NaN)
  const dead = (): never => {
    throw new Error('ended by SIGSEGV')
  }
  const cases = [
    [swapped, undefined, 'computes something else'],
    [shifted, undefined, 'computes something else'],
    [unknown, undefined, 'computes something else'],
    [undefined, dead, 'does not run it: ended by SIGSEGV'],
  ] as const
  for (const [wrong, trial, why] of cases) {
    const FCOS_DETECTION_SPEEDS = join(await scratch(), 'speeds.json')
    withOpenvino(wrong, trial)
    expect((await open({ FCOS_DETECTION_SPEEDS }, true)).runtime).not.toBe('OpenVINO')
    expect(readFileSync(FCOS_DETECTION_SPEEDS, 'utf8')).toContain(`OpenVINO in bfloat16 ${why}`)
  }
})

test('forcing OpenVINO where it is not set up says why', async () => {
  await expect(open({ FCOS_RUNTIME: 'openvino' }, true)).rejects.toMatchObject({
    code: 'USAGE_RUNTIME',
    message: 'There is no OpenVINO here: It is not part of this test',
  })
})

const { openvino: setUp } = runtimeRecord()
if ('missing' in setUp) console.warn(`SKIPPED: a model on OpenVINO itself. ${setUp.missing}`)

test.skipIf('missing' in setUp)(
  'OpenVINO itself agrees up to rounding, in batches of any size, and in a process of its own',
  async () => {
    vi.unstubAllEnvs()
    const { agreesUpToRounding, agrees, roundingOf } = await import(
      '../../../src/main/engine/detect/agreement.ts'
    )
    const { onnxRunner } = await import('../../../src/main/engine/onnx/session.ts')
    const { openvinoModel, openvinoRunner, openvinoSession } = await import(
      '../../../src/main/engine/openvino/session.ts'
    )
    const { tryApart } = await import('../../../src/main/engine/detect/trial.ts')
    const [exact, runner] = await Promise.all([onnxRunner(checkpoint), openvinoRunner(checkpoint)])
    expect(runner.runtime).toMatch(`OpenVINO ${(setUp as { version: string }).version}, CPU in bfloat16`)
    const inputs = [noise(64, 64, 1), noise(96, 64, 2)]
    // Two at once: they share one request.
    const found = await Promise.all(inputs.map((input) => runner.raw(input)))
    for (const [i, input] of inputs.entries()) {
      const outputs = found[i]!.images[0]!.outputs
      const wanted = (await exact.raw(input)).images[0]!.outputs
      const rounding = await roundingOf(checkpoint, input, wanted)
      expect(agreesUpToRounding(checkpoint, rounding, wanted, outputs)).toBe(true)
      // It has rounded, for otherwise there would be nothing to gain.
      expect(agrees(wanted, outputs)).toBe(false)
    }
    expect(found[1]!.images).toHaveLength(2)
    // It does not round what CenterNet takes peaks of: neighbours would become equal.
    const peaks = detectorOf({ detector: 'centernet' }).presets.lite0(config.classes)
    const centernet = await openvinoRunner({ config: peaks, tensors: initialWeights(peaks, 0) })
    const { heat } = (await centernet.raw(inputs[0]!)).images[0]!.outputs
    const bits = new Uint32Array(Float32Array.from(heat!).buffer)
    expect(bits.filter((of) => (of & 0xffff) === 0).length).toBeLessThan(bits.length / 10)
    centernet.dispose()
    const { logits } = found[0]!.images[0]!.outputs
    const apart = await tryApart('openvino', openvinoModel(checkpoint), ['logits'], inputs[0]!, 60_000)
    expect(apart.outputs.logits).toEqual(logits)
    await expect(openvinoSession(new Uint8Array([1, 2, 3]), [])).rejects.toThrow('The model cannot be read')
    runner.dispose()
    await expect(runner.raw(inputs[0]!)).rejects.toThrow('of a model that was not released')
    vi.stubEnv('NODE_OPTIONS', '--import=data:text/javascript,process.kill(process.pid,11)')
    await expect(tryApart('openvino', openvinoModel(checkpoint), [], inputs[0]!, 60_000)).rejects.toThrow(
      'ended by SIGSEGV',
    )
  },
  240_000,
)

function noise(width: number, height: number, count: number): NetworkInput {
  const random = mulberry32(2)
  const images = Float32Array.from({ length: count * width * height * 3 }, () => 4 * random() - 2)
  const sizes = Array.from({ length: count }, () => ({ width, height }))
  return { images, width, height, sizes, scales: sizes.map(() => ({ x: 1, y: 1 })) }
}

/** Few shaders, since software takes a second to compile each. */
function smallModel(): { model: Uint8Array; input: NetworkInput } {
  const graph = new Graph(false)
  const image = graph.input('image', ['batch', 'height', 'width', 3])
  const nchw = graph.add('Transpose', [image], { perm: [0, 3, 1, 2] })
  const random = mulberry32(1)
  const weights = Array.from({ length: 8 * 3 * 9 }, () => random() - 0.5)
  const convolved = graph.add('Conv', [nchw, graph.floats(weights, [8, 3, 3, 3])], {
    pads: [1, 1, 1, 1],
    strides: [2, 2],
  })
  const found = graph.add('Sigmoid', [convolved])
  graph.output('found', found, 'float32', ['batch', 8, 'rows', 'columns'])
  const size = { width: 32, height: 32 }
  const images = Float32Array.from({ length: 32 * 32 * 3 }, () => 4 * random() - 2)
  return {
    model: graph.encode({ name: 'small', metadata: {} }),
    input: { images, ...size, sizes: [size], scales: [{ x: 1, y: 1 }] },
  }
}
