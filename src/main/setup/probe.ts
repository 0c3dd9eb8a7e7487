/** Everything about this machine that the choice of a runtime depends on, as plain data. */

import { readFileSync, statfsSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { run } from '../process/run.ts'

export interface Gpu {
  readonly name: string
  readonly memoryMiB: number
  readonly driver: string
}

export interface Probe {
  readonly platform: NodeJS.Platform
  readonly arch: string
  /** glibc's version on Linux, null on musl and elsewhere. */
  readonly glibc: string | null
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  /** Instruction sets as spelled in /proc/cpuinfo; null if the system does not report them. */
  readonly cpuFlags: readonly string[] | null
  readonly gpus: readonly Gpu[]
  /** nvidia-smi's error message if it exists and fails. */
  readonly gpuProblem: string | null
  readonly python: { readonly command: string; readonly version: string; readonly pip: string | null } | null
  readonly compiler: { readonly command: string; readonly version: string } | null
  /** Free bytes on the disk that holds the cache. */
  readonly freeBytes: number
  /** Names of the builds in the cache: those with unpacked libraries, and those with a compiled binding. */
  readonly cached: { readonly libraries: readonly string[]; readonly bindings: readonly string[] }
}

export type Cached = Probe['cached']

export async function probeMachine(cache: string, cached: Cached): Promise<Probe> {
  const [python, compiler, nvidia] = await Promise.all([findPython(), findCompiler(), askNvidia()])
  return {
    platform: process.platform,
    arch: process.arch,
    glibc: glibcVersion(),
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    cpuFlags: readCpuFlags(),
    ...nvidia,
    python,
    compiler,
    freeBytes: freeBytes(cache),
    cached,
  }
}

export async function findPython(): Promise<Probe['python']> {
  for (const command of process.platform === 'win32' ? ['python', 'py'] : ['python3', 'python']) {
    const { status, stdout } = await run(command, ['--version'])
    const version = /^Python (3\.\d+\.\d+)/.exec(stdout)?.[1]
    if (status !== 0 || !version) continue
    const pip = await run(command, ['-m', 'pip', '--version'])
    return { command, version, pip: /^pip (\S+)/.exec(pip.stdout)?.[1] ?? null }
  }
  return null
}

async function findCompiler(): Promise<Probe['compiler']> {
  for (const command of ['c++', 'g++', 'clang++']) {
    const { status, stdout } = await run(command, ['--version'])
    if (status === 0) return { command, version: stdout.split('\n')[0]?.trim() ?? '' }
  }
  return null
}

async function askNvidia(): Promise<Pick<Probe, 'gpus' | 'gpuProblem'>> {
  const query = ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader,nounits']
  const { status, stdout, stderr } = await run('nvidia-smi', query, { timeoutMs: 20_000 })
  if (status === 0) return { gpus: parseNvidiaSmi(stdout), gpuProblem: null }
  // nvidia-smi writes its errors to standard output. If the program is missing, that is not a problem to report.
  const complaint = stdout.trim().split('\n')[0] ?? ''
  return { gpus: [], gpuProblem: /ENOENT/.test(stderr) ? null : complaint || stderr.trim() }
}

/** One line per GPU: `NVIDIA H100 80GB HBM3, 81559, 550.54.15`. */
export function parseNvidiaSmi(csv: string): Gpu[] {
  return csv
    .trim()
    .split('\n')
    .map((line) => line.split(',').map((field) => field.trim()))
    .flatMap(([name, memory, driver]) =>
      name && driver && Number(memory) > 0 ? [{ name, memoryMiB: Number(memory), driver }] : [],
    )
}

function readCpuFlags(): string[] | null {
  if (process.platform !== 'linux') return null
  return parseCpuFlags(readFileSync('/proc/cpuinfo', 'utf8'))
}

/** x86 calls the line "flags", Arm "Features". */
export function parseCpuFlags(cpuinfo: string): string[] | null {
  const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo)?.[1]
  return line ? line.trim().split(/\s+/) : null
}

function glibcVersion(): string | null {
  const report = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return report.header.glibcVersionRuntime ?? null
}

/** Free bytes on the disk where `folder` is or will be created; 0 if it cannot be created. */
export function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch (error) {
    const parent = path.dirname(folder)
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && parent !== folder ? freeBytes(parent) : 0
  }
}
