/** Sets up the engine's runtime: probes, plans, provisions the first candidate that works, and records the choice. */

import { copyFileSync, mkdirSync, renameSync } from 'node:fs'
import path from 'node:path'
import { RUNTIME_RECORD, type RuntimeRecord } from '../../core/contract/runtime.ts'
import { CodedError, describe, fromWire, toWire, type WireError } from '../../core/errors.ts'
import { replaceFileSync } from '../files/replace-file.ts'
import { BINDING_IN_PLACE, PROJECT, TFJS_NODE } from './binding.ts'
import { withSetupLock } from './lock.ts'
import { type RuntimeManifest, readRuntimeManifest } from './manifest.ts'
import { provideOpenvino } from './openvino.ts'
import { type Candidate, planRuntime } from './plan.ts'
import { installPrebuilt } from './prebuilt.ts'
import { type Probe, probeMachine } from './probe.ts'
import { type Damage, findCached, type Log, provisionWheel } from './provision.ts'
import { folderSeals, sealFolder, sealOf } from './seal.ts'
import { checkOnnx, selfCheck } from './selfcheck.ts'

/** Where this checkout's choice is recorded; the engine reads it. */
export const RUNTIME_FILE = path.join(PROJECT, RUNTIME_RECORD)

/** These would occur with every other choice, or are a reason to distrust the network, so there is no fallback. */
const FINAL = new Set(['RUNTIME_WRONG_HASH', 'RUNTIME_DISK_FULL'])

export interface RuntimeSetup {
  readonly cache: string
  readonly log: Log
  readonly manifest: RuntimeManifest
  /** Where the record and the binding of this checkout are written. */
  readonly recordFile: string
  readonly bindingFile: string
  readonly installPrebuilt: (device: 'cpu' | 'gpu') => Promise<void>
}

/** What trains and detects, before the accelerators. */
type Chosen = Omit<RuntimeRecord, 'openvino'>

/** The files in the cache that a running engine loads. */
const LOADED = /\.(node|dylib|dll|so(\.\d+)*)$/

/** The setup of this checkout. */
export function checkoutSetup(cache: string, log: Log): RuntimeSetup {
  const manifest = readRuntimeManifest()
  return { cache, log, manifest, recordFile: RUNTIME_FILE, bindingFile: BINDING_IN_PLACE, installPrebuilt }
}

/** @throws CodedError RUNTIME_*: why the best choice for this machine's CPU did not work. */
export async function setUpRuntime(setup: RuntimeSetup): Promise<RuntimeRecord> {
  const { cache, log, manifest } = setup
  return withSetupLock(
    cache,
    () => log('Another setup is running; waiting for it'),
    async () => {
      const { damage, ...cached } = await findCached(cache, manifest)
      for (const { what } of damage) log(`${what}: installing it again`)
      const probe = await probeMachine(cache, cached)
      const chosen = await firstThatWorks(setup, probe, damage)
      const record = { ...chosen, openvino: await provideOpenvino(cache, manifest, probe, log) }
      mkdirSync(path.dirname(setup.recordFile), { recursive: true })
      replaceFileSync(setup.recordFile, `${JSON.stringify(record, null, 2)}\n`)
      return record
    },
  )
}

async function firstThatWorks(setup: RuntimeSetup, probe: Probe, damage: readonly Damage[]): Promise<Chosen> {
  const { candidates, obstacles } = planRuntime(probe, setup.manifest)
  const reasons: WireError[] = [...obstacles]
  for (const candidate of candidates) {
    // If a runtime that worked before cannot be repaired, setup fails instead of falling back to one that cannot train.
    if (candidate.kind === 'onnx' && damage.length > 0) break
    try {
      return await provide(candidate, setup, probe, reasons)
    } catch (error) {
      if (!(error instanceof CodedError) || FINAL.has(error.code)) throw error
      reasons.push(toWire(error))
    }
  }
  if (damage.length > 0) throw unrepaired(damage, reasons)
  throw fromWire(
    reasons.findLast(({ code }) => code !== 'RUNTIME_NO_PREBUILT') ?? {
      code: 'RUNTIME_UNSUPPORTED',
      message: `TensorFlow is not available for ${probe.platform} on ${probe.arch}`,
    },
  )
}

function unrepaired([{ what }]: readonly Damage[], reasons: readonly WireError[]): CodedError {
  const why = reasons.map(describe).join('. ')
  return new CodedError(
    'RUNTIME_DAMAGED',
    `${what}, and it cannot be repaired: ${why}`,
    'Then run `npm run setup`',
  )
}

/** Makes one candidate work and describes it. */
async function provide(
  candidate: Candidate,
  { cache, log, manifest, bindingFile, installPrebuilt }: RuntimeSetup,
  probe: Probe,
  reasons: readonly WireError[],
): Promise<Chosen> {
  const common = {
    device: candidate.device,
    bindingPath: bindingFile,
    cpuFlags: (probe.cpuFlags ?? []).filter((flag) => /^(avx|amx|fma|asimd|sve|bf16|i8mm)/.test(flag)),
    chosenBecause: [...reasons.map(describe), because(candidate, probe)],
  }
  switch (candidate.kind) {
    case 'wheel': {
      const { binding, kernelsPath, libraryDirs, folders } = await provisionWheel(
        cache,
        candidate,
        manifest,
        probe,
        log,
      )
      const check = await selfCheck(binding, candidate.device, kernelsPath)
      putInPlace(binding, bindingFile)
      for (const folder of folders) if (!folderSeals(folder)) await sealFolder(folder)
      const used = folders.flatMap((folder) => folderSeals(folder) ?? [])
      return {
        ...common,
        tensorflow: check.version,
        kernelsPath: check.kernels ? kernelsPath : null,
        libraryDirs,
        files: [
          await sealOf(bindingFile),
          ...used.filter(({ path: file }) => LOADED.test(file) && file !== binding),
        ],
      }
    }
    case 'prebuilt': {
      log("Trying tfjs-node's own prebuilt TensorFlow")
      await installPrebuilt(candidate.device)
      const { version } = await selfCheck(bindingFile, candidate.device, null)
      return {
        ...common,
        tensorflow: version,
        kernelsPath: null,
        libraryDirs: [path.join(TFJS_NODE, 'deps/lib')],
        files: [await sealOf(bindingFile)],
      }
    }
    case 'onnx':
      await checkOnnx()
      return {
        ...common,
        tensorflow: null,
        // ONNX Runtime finds out itself, and with AMX listed the engine would start in fast-math mode.
        cpuFlags: [],
        bindingPath: null,
        kernelsPath: null,
        libraryDirs: [],
        files: [],
      }
  }
}

function because(candidate: Candidate, probe: Probe): string {
  if (candidate.device === 'onnx') return 'So the engine uses ONNX Runtime'
  if (candidate.device === 'gpu') return `nvidia-smi reports ${probe.gpus.map(({ name }) => name).join(', ')}`
  if (probe.gpuProblem) return `nvidia-smi fails (${probe.gpuProblem}), so the engine uses the CPU`
  if (probe.gpus.length > 0) return 'The GPU cannot be used, so the engine uses the CPU'
  return 'nvidia-smi is not installed, so the engine uses the CPU'
}

function putInPlace(from: string, to: string): void {
  mkdirSync(path.dirname(to), { recursive: true })
  const temporary = `${to}.${process.pid}.tmp`
  copyFileSync(from, temporary)
  renameSync(temporary, to)
}
