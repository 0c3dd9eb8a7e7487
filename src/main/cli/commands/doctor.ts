/** `fcos doctor`: what the engine runs on, why, what is missing, and how to get it. */

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import {
  DETECTION_SPEEDS,
  type DetectionSpeed,
  inferenceOnly,
  RuntimeRecord,
  runtimeTitle,
  speedTitle,
} from '../../../core/contract/runtime.ts'
import { describe, toWire, type WireError } from '../../../core/errors.ts'
import { PROJECT } from '../../setup/binding.ts'
import { cacheRoot, unusableCache } from '../../setup/cache.ts'
import { readRuntimeManifest } from '../../setup/manifest.ts'
import { planRuntime } from '../../setup/plan.ts'
import { type Gpu, probeMachine } from '../../setup/probe.ts'
import { findCached } from '../../setup/provision.ts'
import { RUNTIME_FILE } from '../../setup/runtime.ts'
import { hasHash } from '../../setup/seal.ts'
import { checkOnnx, selfCheck } from '../../setup/selfcheck.ts'
import { readModels, weightsPath } from '../../setup/weights.ts'
import { readSpeeds, requireIntact } from '../../studio/engine/environment.ts'

export interface DoctorReport {
  /** Whether the engine can run. */
  readonly ready: boolean
  /** Whether it can also train. */
  readonly trains: boolean
  readonly versions: Readonly<
    Record<'studio' | 'node' | 'tensorflow' | 'python' | 'pip' | 'compiler', string | null>
  >
  readonly system: { readonly platform: string; readonly arch: string; readonly glibc: string | null }
  readonly cpu: { readonly model: string; readonly cores: number; readonly memoryBytes: number }
  readonly gpus: readonly Gpu[]
  /** What setup chose, or null before it has run. */
  readonly runtime: RuntimeRecord | null
  /** Which runtime detects with which kind of model, as measured when it was first used. */
  readonly detection: readonly DetectionSpeed[]
  readonly cache: { readonly folder: string; readonly freeBytes: number }
  readonly weights: readonly {
    readonly name: string
    readonly file: string
    readonly present: boolean
    /** Whether the file is the one that this program pins. */
    readonly intact: boolean
  }[]
  /** What prevents the engine from running, with the remedy; empty if it is ready. */
  readonly missing: readonly WireError[]
  /** Why this machine has no better runtime, with the remedy. */
  readonly obstacles: readonly WireError[]
}

/** @param runtime what setup recorded for this checkout. */
export async function runDoctor(runtime: RuntimeRecord | null = readRecord()): Promise<DoctorReport> {
  const cache = cacheRoot()
  const manifest = readRuntimeManifest()
  const probe = await probeMachine(cache, await findCached(cache, manifest))
  const unusable = unusableCache(cache)
  const broken = await whatIsBroken(runtime)
  const detectsOnly = runtime?.device === 'onnx'
  // What setup would need does not matter if it has nothing left to do.
  const obstacles = unusable ? [toWire(unusable)] : planRuntime(probe, manifest).obstacles
  return {
    ready: broken === undefined,
    trains: broken === undefined && !detectsOnly,
    versions: {
      studio: JSON.parse(readFileSync(path.join(PROJECT, 'package.json'), 'utf8')).version,
      node: process.versions.node,
      tensorflow: runtime?.tensorflow ?? null,
      python: probe.python?.version ?? null,
      pip: probe.python?.pip ?? null,
      compiler: probe.compiler?.version ?? null,
    },
    system: { platform: probe.platform, arch: probe.arch, glibc: probe.glibc },
    cpu: { model: probe.cpu, cores: probe.cores, memoryBytes: probe.memoryBytes },
    gpus: probe.gpus,
    runtime,
    detection: Object.values(readSpeeds(path.join(cache, DETECTION_SPEEDS))),
    cache: { folder: cache, freeBytes: probe.freeBytes },
    weights: await Promise.all(
      readModels().map(async (model) => {
        const file = weightsPath(model, cache)
        const present = existsSync(file)
        return { name: model.name, file, present, intact: present && (await hasHash(file, model.sha256)) }
      }),
    ),
    missing: broken ? [broken, ...obstacles] : [],
    obstacles: broken ? [] : [...(detectsOnly ? [toWire(inferenceOnly())] : []), ...obstacles],
  }
}

function readRecord(): RuntimeRecord | null {
  if (!existsSync(RUNTIME_FILE)) return null
  return RuntimeRecord.safeParse(JSON.parse(readFileSync(RUNTIME_FILE, 'utf8'))).data ?? null
}

async function whatIsBroken(runtime: RuntimeRecord | null): Promise<WireError | undefined> {
  const missing = {
    code: 'RUNTIME_MISSING',
    message: 'The engine is not set up in this checkout',
    remedy: 'Run `npm run setup`',
  } as const
  if (!runtime) return missing
  try {
    await requireIntact(runtime)
    if (runtime.device === 'onnx') await checkOnnx()
    else if (runtime.bindingPath) await selfCheck(runtime.bindingPath, runtime.device, runtime.kernelsPath)
    else return missing
    return undefined
  } catch (error) {
    return toWire(error)
  }
}

/** Plain text, one fact per line. */
export function renderDoctor(report: DoctorReport): string {
  const { versions, runtime, system, cpu } = report
  const lines: [string, string][] = [
    ['Studio', `${versions.studio} on Node ${versions.node}`],
    ['System', `${system.platform} ${system.arch}${system.glibc ? `, glibc ${system.glibc}` : ''}`],
    ['CPU', `${cpu.model}, ${cpu.cores} cores, ${gibibytes(cpu.memoryBytes)} of memory`],
    ...report.gpus.map(({ name, memoryMiB, driver }): [string, string] => [
      'GPU',
      `${name}, ${gibibytes(memoryMiB * 2 ** 20)} of memory, driver ${driver}`,
    ]),
    ['Runtime', runtime ? runtimeTitle(runtime) : 'not set up'],
    ...(runtime ? describeRuntime(runtime) : []),
    ...(runtime
      ? [
          [
            'OpenVINO',
            'missing' in runtime.openvino
              ? `not there: ${runtime.openvino.missing}`
              : `${runtime.openvino.version}: detects in bfloat16 where that is faster, ${runtime.openvino.addOn}`,
          ] satisfies [string, string],
        ]
      : []),
    ...report.detection.map((speed): [string, string] => ['Detects', `${speedTitle(speed)}. ${speed.why}`]),
    [
      'Python',
      versions.python
        ? `${versions.python}, ${versions.pip ? `pip ${versions.pip}` : 'without pip'}`
        : 'none',
    ],
    ['Compiler', versions.compiler ?? 'none'],
    ['Cache', `${report.cache.folder}, ${gibibytes(report.cache.freeBytes)} free`],
    ...report.weights.map((weights): [string, string] => ['Weights', describeWeights(weights)]),
    ...report.missing.map((error): [string, string] => ['Missing', `${error.code}: ${describe(error)}`]),
    ...report.obstacles.map((error): [string, string] => ['Note', `${error.code}: ${describe(error)}`]),
    ['Verdict', verdict(report)],
  ]
  return lines.map(([label, text]) => `${label.padEnd(10)}${text}`).join('\n')
}

function describeWeights({ name, file, present, intact }: DoctorReport['weights'][number]): string {
  if (!present) return `${name}: downloaded when first used`
  return intact ? `${name}: ${file}` : `${name}: ${file} is damaged; \`npm run setup\` fetches it again`
}

function verdict({ ready, trains }: DoctorReport): string {
  if (!ready) return 'not ready'
  return trains ? 'ready' : 'ready to detect, but cannot train'
}

function describeRuntime(runtime: RuntimeRecord): [string, string][] {
  const reasons = runtime.chosenBecause.map((reason): [string, string] => ['Because', reason])
  if (runtime.device === 'onnx') return reasons
  return [
    ...reasons,
    ...runtime.files
      .filter(({ path: file }) => file !== runtime.kernelsPath)
      .map(({ path: file }): [string, string] => ['Uses', file]),
    ['Kernels', runtime.kernelsPath ?? 'not built: slower standard operations are used'],
    [
      'Fast math',
      runtime.cpuFlags.includes('amx_bf16') ? 'this CPU has AMX for bfloat16' : 'no AMX on this CPU',
    ],
  ]
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`
}
