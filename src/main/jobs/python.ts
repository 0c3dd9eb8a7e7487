/** The Python that runs the job program: where the program is, and what a Python can do with it. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { NEEDED, TorchDevice } from '../../core/contract/job.ts'
import { CodedError } from '../../core/errors.ts'
import { complaintOf } from '../process/complaint.ts'
import { run } from '../process/run.ts'

/** A folder with fcos_job/ and requirements.txt, laid out as a job's program/: that of a checkout. */
export const programOf = (root: string): string => path.join(root, 'resources', 'job')

/** Of this very program, where it runs from its sources. */
export const PROGRAM = programOf(fileURLToPath(new URL('../../../', import.meta.url)))

/** PyTorch takes long to load from a cold disk. */
const PATIENCE_MS = 120_000

const Machine = z.object({
  python: z.string(),
  packages: z.record(z.string(), z.string().nullable()),
  devices: z.array(TorchDevice),
})

export interface Python {
  readonly path: string
  readonly torch: string
  readonly ray: string | null
  /** The fastest first. */
  readonly devices: readonly TorchDevice[]
}

/** The Python that jobs run with where none is named. */
export const defaultPython = (env: NodeJS.ProcessEnv = process.env): string =>
  env.FCOS_JOB_PYTHON || (process.platform === 'win32' ? 'python' : 'python3')

/** Without the user's own modules, one of which might be called fcos_job or torch. */
export const pythonEnvironment = (program: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  ...process.env,
  ...more,
  PYTHONPATH: program,
  PYTHONNOUSERSITE: '1',
  PYTHONDONTWRITEBYTECODE: '1',
})

/**
 * Asks a Python for its versions and devices.
 *
 * @throws CodedError RUNTIME_PYTHON where it cannot be started or is too old, RUNTIME_TORCH where packages are missing or too
 * old.
 */
export async function askPython(python: string, program = PROGRAM): Promise<Python> {
  const answer = await run(python, ['-m', 'fcos_job.machine'], {
    env: pythonEnvironment(program),
    timeoutMs: PATIENCE_MS,
  })
  const last = answer.stdout.trim().split('\n').at(-1) ?? ''
  const parsed = Machine.safeParse(answer.status === 0 ? parse(last) : undefined)
  if (!parsed.success) {
    const why = complaintOf(answer.stderr) || `it ended with status ${answer.status}`
    throw new CodedError(
      'RUNTIME_PYTHON',
      `The Python ${python} does not run: ${why}`,
      'Give the path of a Python with PyTorch (--python, or FCOS_JOB_PYTHON)',
    )
  }
  const { python: version, packages, devices } = parsed.data
  const install = `Install them with: ${python} -m pip install -r ${path.join(program, 'requirements.txt')}`
  if (isOlder(version, NEEDED.python)) {
    const why = `${python} is Python ${version}, older than ${NEEDED.python}`
    throw new CodedError('RUNTIME_PYTHON', why, 'Give the path of a newer one (--python)')
  }
  const missing = Object.keys(packages).filter((name) => name !== 'ray' && packages[name] === null)
  if (missing.length > 0)
    throw new CodedError('RUNTIME_TORCH', `${python} has no ${missing.join(', ')}`, install)
  const torch = packages.torch!
  if (isOlder(torch, NEEDED.torch)) {
    throw new CodedError(
      'RUNTIME_TORCH',
      `${python} has PyTorch ${torch}, older than ${NEEDED.torch}`,
      install,
    )
  }
  return { path: python, torch, ray: packages.ray ?? null, devices }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Compares major and minor numbers: 2.13.0+cpu is not older than 2.6. */
export function isOlder(version: string, than: string): boolean {
  const numbers = (text: string): number[] => text.split('.', 2).map((part) => Number.parseInt(part, 10))
  const [major = 0, minor = 0] = numbers(version)
  const [leastMajor = 0, leastMinor = 0] = numbers(than)
  return major < leastMajor || (major === leastMajor && minor < leastMinor)
}

/** "PyTorch 2.13.0 on NVIDIA RTX 4070, 12 GB" */
export function torchTitle({ torch, devices }: Pick<Python, 'torch' | 'devices'>): string {
  const [{ kind, name, memoryMb }] = devices as [TorchDevice]
  const memory = memoryMb === null ? '' : `, ${Math.round(memoryMb / 1024)} GB`
  return `PyTorch ${torch} on ${kind === 'cpu' ? 'the CPU' : `${name}${memory}`}`
}

/** SHA-256 over the names and contents of a program's files, in order of their names. */
export function programHash(program: string): string {
  const hash = createHash('sha256')
  for (const name of programFiles(program))
    hash.update(`${name}\0`).update(readFileSync(path.join(program, name)))
  return hash.digest('hex')
}

/** What a program consists of. What Python or the user lays beside it is no part of it. */
export const programFiles = (program: string): string[] => [
  ...readdirSync(path.join(program, 'fcos_job'))
    .filter((name) => name.endsWith('.py'))
    .sort()
    .map((name) => `fcos_job/${name}`),
  'requirements.txt',
]
