import { describe, expect, it } from 'vitest'
import { readRuntimeManifest } from '../../../src/main/setup/manifest.ts'
import { type Candidate, planRuntime } from '../../../src/main/setup/plan.ts'
import type { Probe } from '../../../src/main/setup/probe.ts'
import * as probes from './recorded-probes.ts'

const manifest = readRuntimeManifest()
const plan = (probe: Probe) => planRuntime(probe, manifest)
const short = (candidates: readonly Candidate[]) =>
  candidates.map((candidate) => {
    if (candidate.kind === 'onnx') return 'onnx'
    return candidate.kind === 'wheel' ? candidate.build : `prebuilt ${candidate.device}`
  })
const codes = (probe: Probe) => plan(probe).obstacles.map(({ code }) => code)

describe('the runtime chain', () => {
  it('takes the CPU wheel, then the prebuilt library, on a CPU with AMX', () => {
    expect(short(plan(probes.cpuWithAmx).candidates)).toEqual(['linux-x64-cpu', 'prebuilt cpu', 'onnx'])
    expect(plan(probes.cpuWithAmx).obstacles).toEqual([])
  })

  it('prefers the GPU, and keeps the CPU to fall back to', () => {
    expect(short(plan(probes.withGpu).candidates)).toEqual([
      'linux-x64-gpu',
      'linux-x64-cpu',
      'prebuilt gpu',
      'onnx',
    ])
  })

  it('passes over a GPU that the manifest has no wheel for, with the reason', () => {
    const { 'linux-x64-gpu': _none, ...builds } = manifest.builds
    const { candidates, obstacles } = planRuntime(probes.withGpu, { ...manifest, builds })
    expect(short(candidates)[0]).toBe('linux-x64-cpu')
    expect(obstacles[0]).toMatchObject({
      code: 'RUNTIME_UNSUPPORTED',
      message: expect.stringContaining('for GPUs'),
    })
  })

  it('passes over the GPU alone where the disk has room for the CPU only', () => {
    const tight = { ...probes.withGpu, freeBytes: 2e9 }
    expect(short(plan(tight).candidates)[0]).toBe('linux-x64-cpu')
    expect(codes(tight)).toEqual(['RUNTIME_DISK_FULL'])
  })

  it('offers nothing that would die of SIGILL on a CPU without AVX', () => {
    expect(short(plan(probes.noAvx).candidates)).toEqual(['onnx'])
    expect(codes(probes.noAvx)).toEqual(['RUNTIME_NO_AVX'])
  })

  it('takes the wheel on Apple silicon, the prebuilt library on Windows and older Macs', () => {
    expect(short(plan(probes.macArm).candidates)).toEqual(['darwin-arm64-cpu', 'onnx'])
    expect(short(plan(probes.windows).candidates)).toEqual(['prebuilt cpu', 'onnx'])
    expect(short(plan({ ...probes.macArm, arch: 'x64' }).candidates)).toEqual(['prebuilt cpu', 'onnx'])
  })

  it('names the package that brings pip, Python or a compiler', () => {
    const { obstacles } = plan(probes.noPip)
    expect(obstacles).toMatchObject([
      { code: 'RUNTIME_NO_PIP', remedy: expect.stringContaining('python3-pip') },
    ])
    expect(codes({ ...probes.noPip, python: null })).toEqual(['RUNTIME_NO_PYTHON'])
    expect(plan(probes.noCompiler).obstacles).toMatchObject([
      { code: 'RUNTIME_NO_COMPILER', remedy: expect.stringContaining('g++') },
    ])
    expect(plan({ ...probes.macArm, compiler: null }).obstacles[0]?.remedy).toContain('xcode-select')
  })

  it('needs neither pip, compiler nor space for what is cached', () => {
    const cached = { libraries: ['linux-x64-cpu'], bindings: ['linux-x64-cpu'] }
    const bare: Probe = { ...probes.noPip, python: null, compiler: null, freeBytes: 0, cached }
    expect(short(plan(bare).candidates)[0]).toBe('linux-x64-cpu')
  })

  it('refuses a full disk, an old pip, an old glibc and musl', () => {
    expect(codes(probes.diskFull)).toEqual(['RUNTIME_DISK_FULL'])
    expect(codes({ ...probes.cpuWithAmx, python: { ...probes.cpuWithAmx.python!, pip: '20.2.4' } })).toEqual([
      'RUNTIME_OLD_PIP',
    ])
    expect(codes({ ...probes.cpuWithAmx, glibc: '2.17' })).toEqual(['RUNTIME_OLD_LIBC'])
    expect(short(plan({ ...probes.cpuWithAmx, glibc: null }).candidates)).toEqual(['onnx'])
  })

  it('leaves ONNX Runtime alone where neither a wheel nor a prebuilt library can run, with the remedy', () => {
    const armWithoutCompiler: Probe = { ...probes.noCompiler, arch: 'arm64' }
    const windowsOnArm: Probe = { ...probes.windows, arch: 'arm64' }
    const musl: Probe = { ...probes.cpuWithAmx, glibc: null }
    for (const [probe, code] of [
      [probes.noAvx, 'RUNTIME_NO_AVX'],
      [armWithoutCompiler, 'RUNTIME_NO_COMPILER'],
      [windowsOnArm, 'RUNTIME_UNSUPPORTED'],
      [musl, 'RUNTIME_OLD_LIBC'],
    ] as const) {
      expect(short(plan(probe).candidates)).toEqual(['onnx'])
      expect(plan(probe).obstacles).toMatchObject([{ code, remedy: expect.stringMatching(/\w/) }])
    }
  })

  it('works around no full disk', () => {
    expect(short(plan({ ...probes.diskFull, arch: 'arm64' }).candidates)).toEqual([])
  })
})
