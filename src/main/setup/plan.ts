/** Chooses the runtime, as a pure function: what to try, in which order, and what rules out the rest. */

import { fromWire, type WireError } from '../../core/errors.ts'
import type { RuntimeBuild, RuntimeManifest } from './manifest.ts'
import type { Probe } from './probe.ts'

export type Candidate =
  /** TensorFlow's C library from its Python wheel, with tfjs-node's binding compiled against it. */
  | { readonly kind: 'wheel'; readonly build: string; readonly device: 'cpu' | 'gpu' }
  /** TensorFlow 2.9 and the binding as tfjs-node's own install script downloads them. */
  | { readonly kind: 'prebuilt'; readonly device: 'cpu' | 'gpu' }
  /** ONNX Runtime alone, which comes with the npm packages and needs no compiler. It cannot train. */
  | { readonly kind: 'onnx'; readonly device: 'onnx' }

export interface Plan {
  /** Best first. */
  readonly candidates: readonly Candidate[]
  /** Better choices that do not work on this machine, with the remedy. */
  readonly obstacles: readonly WireError[]
}

export function planRuntime(probe: Probe, manifest: RuntimeManifest): Plan {
  const candidates: Candidate[] = []
  const obstacles: WireError[] = []
  for (const device of probe.gpus.length > 0 ? (['gpu', 'cpu'] as const) : (['cpu'] as const)) {
    const id = `${probe.platform}-${probe.arch}-${device}`
    const obstacle = obstacleTo(id, manifest.builds[id], probe)
    if (obstacle) obstacles.push(obstacle)
    else candidates.push({ kind: 'wheel', build: id, device })
  }
  if (hasPrebuilt(probe)) candidates.push({ kind: 'prebuilt', device: prebuiltDevice(probe) })
  // A full disk must be fixed rather than worked around, because weights, checkpoints and projects need space too.
  if (!obstacles.some(({ code }) => code === 'RUNTIME_DISK_FULL'))
    candidates.push({ kind: 'onnx', device: 'onnx' })
  return { candidates, obstacles }
}

/** What is already cached needs no more space, and a cached binding needs no compiler. */
function obstacleTo(id: string, build: RuntimeBuild | undefined, probe: Probe): WireError | undefined {
  const { platform, arch, python, compiler } = probe
  if (lacksAvx(probe))
    return {
      code: 'RUNTIME_NO_AVX',
      message: `TensorFlow needs a CPU with AVX, which this one (${probe.cpu}) does not have`,
      remedy: 'Use a machine with a newer CPU; in a virtual machine, pass the host CPU through',
    }
  if (!build)
    return {
      code: 'RUNTIME_UNSUPPORTED',
      message: `There is no TensorFlow ${id.endsWith('gpu') ? 'for GPUs ' : ''}for ${platform} on ${arch} in the manifest`,
      remedy: 'Linux on x64 or arm64 and macOS on Apple silicon have one',
    }
  if (platform === 'linux' && !atLeast(probe.glibc, 2, 27))
    return {
      code: 'RUNTIME_OLD_LIBC',
      message: `TensorFlow needs glibc 2.27 or newer, and this system has ${probe.glibc ?? 'another C library'}`,
      remedy: 'Use a distribution with glibc, 2018 or newer',
    }
  if (!probe.cached.libraries.includes(id)) {
    const noPip = pipObstacle(python, platform)
    if (noPip) return noPip
    if (probe.freeBytes < build.diskBytes)
      return {
        code: 'RUNTIME_DISK_FULL',
        message: `TensorFlow needs ${gigabytes(build.diskBytes)} of disk space, but only ${gigabytes(probe.freeBytes)} are free`,
        remedy: 'Free some space, or set FCOS_CACHE to a folder on another disk',
      }
  }
  if (!compiler && !probe.cached.bindings.includes(id))
    return {
      code: 'RUNTIME_NO_COMPILER',
      message: "No C++ compiler was found; it builds TensorFlow's binding once",
      remedy: installHint(platform, 'g++', 'gcc', 'xcode-select --install'),
    }
  return undefined
}

function pipObstacle(python: Probe['python'], platform: NodeJS.Platform): WireError | undefined {
  if (!python)
    return {
      code: 'RUNTIME_NO_PYTHON',
      message: 'Python 3 was not found; its pip fetches TensorFlow and pretrained weights',
      remedy: installHint(platform, 'python3 python3-pip', 'python3'),
    }
  if (!python.pip)
    return {
      code: 'RUNTIME_NO_PIP',
      message: `${python.command} ${python.version} has no pip, which fetches TensorFlow and pretrained weights`,
      remedy: installHint(platform, 'python3-pip', 'python3', `${python.command} -m ensurepip`),
    }
  if (!atLeast(python.pip, 20, 3))
    return {
      code: 'RUNTIME_OLD_PIP',
      message: `pip ${python.pip} is too old to know TensorFlow's wheels`,
      remedy: `Upgrade it: ${python.command} -m pip install --upgrade pip`,
    }
  return undefined
}

/** The Python command whose pip can be used. @throws CodedError RUNTIME_NO_PYTHON, RUNTIME_NO_PIP, RUNTIME_OLD_PIP */
export function requirePip(python: Probe['python'], platform: NodeJS.Platform): string {
  const obstacle = pipObstacle(python, platform)
  if (obstacle) throw fromWire(obstacle)
  return python!.command
}

// Only x86 has AVX, and only Linux reports it. Elsewhere the self-check in a child process finds out.
function lacksAvx(probe: Probe): boolean {
  return probe.arch === 'x64' && probe.cpuFlags !== null && !probe.cpuFlags.includes('avx')
}

// The combinations in tfjs-node's scripts/deps-constants.js whose add-on is published, too.
function hasPrebuilt(probe: Probe): boolean {
  if (lacksAvx(probe) || probe.arch !== 'x64') return false
  return (
    probe.platform === 'darwin' ||
    probe.platform === 'win32' ||
    (probe.platform === 'linux' && probe.glibc !== null)
  )
}

function prebuiltDevice(probe: Probe): 'cpu' | 'gpu' {
  return probe.gpus.length > 0 && probe.platform !== 'darwin' ? 'gpu' : 'cpu'
}

export function atLeast(version: string | null, major: number, minor: number): boolean {
  const [a = 0, b = 0] = (version ?? '').split('.').map(Number)
  return a > major || (a === major && b >= minor)
}

function installHint(
  platform: NodeJS.Platform,
  debian: string,
  brew: string,
  mac = `brew install ${brew}`,
): string {
  if (platform === 'darwin') return `Install it: ${mac}`
  if (platform === 'win32') return 'Install it from python.org'
  return `Install it: on Debian or Ubuntu, apt-get install ${debian}; elsewhere the package of that name`
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`
}
