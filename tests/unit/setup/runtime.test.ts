import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type OpenvinoRecord, RUNTIME_RECORD, RuntimeRecord } from '../../../src/core/contract/runtime.ts'
import { CodedError } from '../../../src/core/errors.ts'
import { readRuntimeManifest } from '../../../src/main/setup/manifest.ts'
import { provideOpenvino, whyNoOpenvino } from '../../../src/main/setup/openvino.ts'
import { probeMachine } from '../../../src/main/setup/probe.ts'
import { type RuntimeSetup, setUpRuntime } from '../../../src/main/setup/runtime.ts'
import { openvinoDamage, requireIntact } from '../../../src/main/studio/engine/environment.ts'
import { FakeMachine } from '../../support/fake-machine.ts'
import * as probes from './recorded-probes.ts'

const GPU = 'echo "NVIDIA H100 80GB HBM3, 81559, 550.54.15"'

describe.skipIf(process.platform === 'win32')('setting up the runtime', () => {
  let machine: FakeMachine
  let lines: string[]
  beforeEach(() => {
    machine = new FakeMachine()
    lines = []
  })
  afterEach(() => machine.remove())

  function setup(changes: Partial<RuntimeSetup> = {}): RuntimeSetup {
    return {
      cache: machine.cache,
      log: (line) => lines.push(line),
      manifest: machine.manifest,
      recordFile: path.join(machine.folder, 'checkout/record.json'),
      bindingFile: path.join(machine.folder, 'checkout/tfjs_binding.node'),
      installPrebuilt: () => Promise.reject(new CodedError('RUNTIME_NO_PREBUILT', 'not reachable')),
      ...changes,
    }
  }

  async function failure(changes: Partial<RuntimeSetup> = {}): Promise<CodedError> {
    const error = await setUpRuntime(setup(changes)).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(CodedError)
    return error as CodedError
  }

  /** Nothing under a final name, nothing left over. */
  function expectNothingInstalled(): void {
    expectNothingCached()
    expect(existsSync(path.join(machine.folder, 'checkout'))).toBe(false)
  }

  function expectNothingCached(): void {
    for (const folder of ['runtimes', 'addons']) {
      const inside = path.join(machine.cache, folder)
      expect(existsSync(inside) ? readdirSync(inside) : []).toEqual([])
    }
  }

  it('unpacks what is needed, compiles, puts the binding in place and writes the record', async () => {
    const record = await setUpRuntime(setup())
    expect(record).toMatchObject({ tensorflow: '0.0.1', device: 'cpu', kernelsPath: null })
    expect(existsSync(record.bindingPath!)).toBe(true)
    const written = JSON.parse(readFileSync(path.join(machine.folder, 'checkout/record.json'), 'utf8'))
    expect(RuntimeRecord.parse(written)).toEqual(record)
    const [runtime] = readdirSync(path.join(machine.cache, 'runtimes'))
    expect(readdirSync(path.join(machine.cache, 'runtimes', runtime!), { recursive: true }).sort()).toEqual([
      '.seals.json',
      'tensorflow',
      'tensorflow/include',
      'tensorflow/include/tensorflow',
      'tensorflow/include/tensorflow/c',
      'tensorflow/include/tensorflow/c/c_api.h',
      'tensorflow/libtensorflow_cc.so.2',
    ])
    expect(machine.called().filter((call) => call.includes('binding'))).toHaveLength(1)
  })

  it('takes everything from the cache the second time, with neither pip nor compiler', async () => {
    await setUpRuntime(setup())
    machine.program('python3', 'exit 127')
    machine.program('c++', 'exit 127')
    const calls = machine.called().length
    await setUpRuntime(setup({ bindingFile: path.join(machine.folder, 'other/tfjs_binding.node') }))
    expect(machine.called()).toHaveLength(calls)
    expect(existsSync(path.join(machine.folder, 'other/tfjs_binding.node'))).toBe(true)
  })

  it('lets two checkouts set up at once: one does the work, the other waits', async () => {
    const both = ['a', 'b'].map((name) =>
      setUpRuntime(
        setup({
          recordFile: path.join(machine.folder, name),
          bindingFile: path.join(machine.folder, `${name}.node`),
        }),
      ),
    )
    await Promise.all(both)
    expect(machine.called().filter((call) => call.startsWith('pip'))).toHaveLength(1)
    expect(lines).toContain('Another setup is running; waiting for it')
  })

  it('repairs a cache that lost a library', async () => {
    const record = await setUpRuntime(setup())
    writeFileSync(machine.calls, '')
    rmSync(path.join(record.libraryDirs[0]!, 'libtensorflow_cc.so.2'))
    await setUpRuntime(setup())
    expect(machine.called()).toContain('pip tensorflow-cpu==0.0.1')
  })

  const library = (record: RuntimeRecord): string =>
    path.join(record.libraryDirs[0]!, 'libtensorflow_cc.so.2')
  const DAMAGES: [string, (file: string) => void][] = [
    ['was cut short', (file) => truncateSync(file, 100)],
    ['was overwritten with as many bytes', (file) => writeFileSync(file, 'x'.repeat(statSync(file).size))],
    ['is missing', (file) => rmSync(file)],
  ]

  it.each(DAMAGES)('repairs a library that %s, and says so', async (_, damage) => {
    const file = library(await setUpRuntime(setup()))
    const before = readFileSync(file)
    damage(file)
    lines.length = 0
    expect((await setUpRuntime(setup())).device).toBe('cpu')
    expect(readFileSync(file)).toEqual(before)
    expect(lines[0]).toMatch(
      /libtensorflow_cc\.so\.2 (is missing|has changed since setup): installing it again/,
    )
  })

  it.each(DAMAGES)('repairs a binding that %s', async (_, damage) => {
    await setUpRuntime(setup())
    const addOns = path.join(machine.cache, 'addons')
    const file = path.join(addOns, readdirSync(addOns)[0]!, 'tfjs_binding.node')
    const before = readFileSync(file)
    damage(file)
    await setUpRuntime(setup())
    expect(readFileSync(file)).toEqual(before)
  })

  it('does not fall back to ONNX Runtime where a damaged library cannot be repaired', async () => {
    const file = library(await setUpRuntime(setup()))
    truncateSync(file, 100)
    machine.program('python3', 'exit 127')
    const { code, message } = await failure()
    expect(code).toBe('RUNTIME_DAMAGED')
    expect(message).toContain('has changed since setup, and it cannot be repaired: Python 3 was not found')
    const written = JSON.parse(readFileSync(path.join(machine.folder, 'checkout/record.json'), 'utf8'))
    expect(written.device).toBe('cpu')
  })

  it('records the files that the engine loads, and an engine starts only with those', async () => {
    const record = await setUpRuntime(setup())
    expect(record.files.map((seal) => path.basename(seal.path))).toEqual([
      'tfjs_binding.node',
      'libtensorflow_cc.so.2',
    ])
    const place = { node: process.execPath, root: machine.folder }
    mkdirSync(path.join(machine.folder, 'node_modules'))
    await requireIntact(record, place)
    const file = library(record)
    // Written again with the same content: looked at once more, and remembered.
    utimesSync(file, 1, 1)
    await requireIntact(record, place)
    const saved = JSON.parse(readFileSync(path.join(machine.folder, RUNTIME_RECORD), 'utf8'))
    expect(saved.files[1].mtimeMs).toBe(1000)
    for (const [, damage] of DAMAGES) {
      damage(file)
      await expect(requireIntact(record, place)).rejects.toMatchObject({
        code: 'RUNTIME_DAMAGED',
        message: expect.stringContaining(file),
        remedy: expect.stringContaining('npm run setup'),
      })
    }
  })

  it('uses the GPU where nvidia-smi answers', async () => {
    machine.program('nvidia-smi', GPU)
    const record = await setUpRuntime(setup())
    expect(record.device).toBe('gpu')
    expect(record.chosenBecause.join()).toContain('NVIDIA H100')
    expect(machine.called()).toContain('pip tensorflow==0.0.1')
  })

  it('falls back to the CPU, with the reason, where the wheel for GPUs is missing', async () => {
    machine.program('nvidia-smi', GPU)
    machine.prepend(
      'python3',
      'case "$*" in *tensorflow==*) echo "ERROR: No matching distribution found for tensorflow==0.0.1" >&2; exit 1;; esac',
    )
    const record = await setUpRuntime(setup())
    expect(record.device).toBe('cpu')
    expect(record.chosenBecause[0]).toContain('no tensorflow==0.0.1 for this platform')
  })

  it('falls back to the CPU where TensorFlow does not find the GPU', async () => {
    machine.program('nvidia-smi', GPU)
    process.env.FAKE_GPU_UNUSED = '1'
    try {
      const record = await setUpRuntime(setup())
      expect(record.device).toBe('cpu')
      expect(record.chosenBecause[0]).toContain('finds no GPU although nvidia-smi does')
    } finally {
      delete process.env.FAKE_GPU_UNUSED
    }
  })

  it('says that nvidia-smi fails', async () => {
    machine.program(
      'nvidia-smi',
      'echo "NVIDIA-SMI has failed because it could not communicate with the driver"; exit 9',
    )
    const record = await setUpRuntime(setup())
    expect(record.chosenBecause.join()).toContain('could not communicate with the driver')
  })

  it('takes the prebuilt library where there is no compiler', async () => {
    machine.program('c++', 'exit 127')
    const done = setup()
    const reached: string[] = []
    const { device } = await setUpRuntime({
      ...done,
      installPrebuilt: async (chosen) => void reached.push(chosen),
    })
    // Only x64 has one. The fake leaves no binding behind, so the self-check refuses it.
    expect(reached).toEqual(process.arch === 'x64' ? ['cpu'] : [])
    expect(device).toBe('onnx')
  })

  it.each([
    ['no Python', /Python 3 was not found.* Install it/, () => machine.program('python3', 'exit 127')],
    [
      'no pip',
      /has no pip.* Install it/,
      () => machine.prepend('python3', 'case "$*" in *pip*) exit 1;; esac'),
    ],
    [
      'an old pip',
      /pip 9\.0\.1 is too old.* Upgrade it/,
      () => machine.prepend('python3', 'case "$*" in *"pip --version"*) echo "pip 9.0.1 from"; exit;; esac'),
    ],
    ['no compiler', /No C\+\+ compiler was found.* Install it/, () => machine.program('c++', 'exit 127')],
    [
      'a compiler that fails',
      /no C\+\+17\. A C\+\+17 compiler is needed/,
      () => machine.prepend('c++', 'case "$*" in *-o*) echo "x.cc:1: error: no C++17" >&2; exit 1;; esac'),
    ],
    [
      'no network',
      /pip cannot reach.* Check the network/,
      () =>
        machine.prepend(
          'python3',
          'case "$*" in *download*) echo "NewConnectionError: Temporary failure in name resolution" >&2; exit 1;; esac',
        ),
    ],
    [
      'a wheel that is not there',
      /has no tensorflow-cpu==0\.0\.1 for this platform.* Point pip/,
      () =>
        machine.prepend(
          'python3',
          'case "$*" in *download*) echo "ERROR: No matching distribution found" >&2; exit 1;; esac',
        ),
    ],
  ])(
    '%s: ONNX Runtime alone, one line with the remedy, and nothing half-installed',
    async (what, reason, breakIt) => {
      breakIt()
      const record = await setUpRuntime(setup())
      expect(record).toMatchObject({
        device: 'onnx',
        tensorflow: null,
        bindingPath: null,
        kernelsPath: null,
        libraryDirs: [],
        cpuFlags: [],
      })
      expect(record.chosenBecause[0]).toMatch(reason)
      expect(record.chosenBecause.join()).not.toContain('\n')
      expect(existsSync(path.join(machine.folder, 'checkout/tfjs_binding.node'))).toBe(false)
      // The library is whole, and spares the next setup a download.
      if (what === 'a compiler that fails') rmSync(path.join(machine.cache, 'runtimes'), { recursive: true })
      expectNothingCached()
    },
  )

  it('a full disk: one line with the remedy, and nothing half-installed', async () => {
    // A limit on the size of files stands for it: the write fails half way.
    machine.prepend('python3', 'ulimit -f 64; trap "" XFSZ')
    const error = await failure()
    expect(error.code).toBe('RUNTIME_DISK_FULL')
    expect(error.remedy).toMatch(/\w/)
    expect(`${error.message}. ${error.remedy}`).not.toContain('\n')
    expectNothingInstalled()
  })

  it('takes TensorFlow once its obstacle is gone', async () => {
    const compiler = path.join(machine.folder, 'bin/c++')
    const works = readFileSync(compiler, 'utf8')
    machine.program('c++', 'exit 127')
    expect((await setUpRuntime(setup())).device).toBe('onnx')
    writeFileSync(compiler, works)
    expect((await setUpRuntime(setup())).device).toBe('cpu')
  })

  it('refuses a tampered wheel, without trying anything else', async () => {
    machine.prepend(
      'python3',
      'trap \'for f in "$folder"/*.whl "$previous"/*.whl; do [ -f "$f" ] && echo x >> "$f"; done\' EXIT',
    )
    const error = await failure({ installPrebuilt: () => expect.unreachable() })
    expect(error.code).toBe('RUNTIME_WRONG_HASH')
    expectNothingInstalled()
  })

  it('refuses to start on a disk with too little space', async () => {
    const host = `${process.platform}-${process.arch}-cpu`
    const builds = {
      ...machine.manifest.builds,
      [host]: { ...machine.manifest.builds[host]!, diskBytes: 1e18 },
    }
    const error = await failure({ manifest: { ...machine.manifest, builds } })
    expect(error.code).toBe('RUNTIME_DISK_FULL')
    expectNothingInstalled()
  })

  it('removes what a killed setup left', async () => {
    const left = path.join(machine.cache, 'runtimes/.partial-tensorflow')
    mkdirSync(left, { recursive: true })
    await setUpRuntime(setup())
    expect(existsSync(left)).toBe(false)
  })

  describe('OpenVINO', () => {
    /** As if the processor had instructions for bfloat16. */
    const provide = async () => {
      const probe = await probeMachine(machine.cache, { libraries: [], bindings: [] })
      const able = { ...probe, cpuFlags: ['avx512_bf16'], glibc: '2.36' }
      const openvino = { ...machine.manifest.openvino, builds: machine.openvino }
      return provideOpenvino(machine.cache, { ...machine.manifest, openvino }, able, (line) =>
        lines.push(line),
      )
    }
    const pips = (): string[] => machine.called().filter((call) => call === 'pip openvino==0.0.1')

    it('is fetched and built once where the processor gains by it, and repaired', async () => {
      const record = await provide()
      expect(record).toMatchObject({ version: '0.0.1', addOn: expect.stringMatching(/fcos_openvino\.node$/) })
      const { files } = record as Extract<OpenvinoRecord, { addOn: string }>
      expect(files.map((seal) => path.basename(seal.path))).toEqual([
        'libopenvino_c.so.1',
        'fcos_openvino.node',
      ])
      const runtime = await setUpRuntime(setup())
      const before = pips().length
      expect(await provide()).toEqual(record)
      expect(pips()).toHaveLength(before)
      truncateSync(files[0]!.path, 10)
      // What accelerates detection alone must not stop the rest.
      expect(await openvinoDamage({ ...runtime, openvino: record })).toContain('has changed since setup')
      await requireIntact({ ...runtime, openvino: record })
      expect(await openvinoDamage({ ...runtime, openvino: (await provide()) as typeof record })).toBe(
        undefined,
      )
      expect(pips()).toHaveLength(before + 1)
    })

    it.each([
      [
        'no network',
        /pip cannot reach/,
        () =>
          machine.prepend(
            'python3',
            'case "$*" in *openvino*) echo "NewConnectionError: name resolution" >&2; exit 1;; esac',
          ),
      ],
      [
        'another file than the pinned one',
        /has the SHA-256 .*, not/,
        () => {
          const [build] = Object.values(machine.openvino)
          Object.assign(build!, { sha256: '0'.repeat(64) })
        },
      ],
      ['no pip', /Python 3 was not found/, () => machine.program('python3', 'exit 127')],
      ['no compiler', /No C\+\+ compiler/, () => machine.program('c++', 'exit 127')],
      [
        'a compiler that fails',
        /no C\+\+17/,
        () => machine.prepend('c++', 'case "$*" in *-o*) echo "x.cc:1: error: no C++17" >&2; exit 1;; esac'),
      ],
    ])('is left out, with the reason, where there is %s', async (_, reason, prepare) => {
      prepare()
      expect(await provide()).toEqual({ missing: expect.stringMatching(reason) })
      expect(lines.at(-1)).toMatch(/^Continuing without OpenVINO/)
    })

    it('is not fetched where it gains little or does not run', () => {
      const manifest = readRuntimeManifest()
      expect(whyNoOpenvino(probes.cpuWithAmx, manifest)).toBe(undefined)
      for (const [probe, why] of [
        [
          { ...probes.cpuWithAmx, cpuFlags: ['avx', 'avx2', 'avx512f', 'avx512_vnni'] },
          /no instructions for bfloat16/,
        ],
        [{ ...probes.cpuWithAmx, glibc: '2.27' }, /glibc 2\.28/],
        [probes.macArm, /linux-x64 alone/],
        [probes.windows, /linux-x64 alone/],
      ] as const)
        expect(whyNoOpenvino(probe, manifest)).toMatch(why)
    })
  })
})
