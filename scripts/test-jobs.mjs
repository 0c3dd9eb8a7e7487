/**
 * `npm run test:jobs`: trains the same runs in the engine, in PyTorch and on Ray, and compares them. Makes a virtual environment of
 * pinned versions in the cache, once. `--quick` leaves out Ray and what takes longest. Without Python 3 or a package registry it
 * skips, aloud.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { node24, PROJECT } from './node24.mjs'

const windows = process.platform === 'win32'
const REQUIREMENTS = ['resources/job/requirements.txt', 'tests/job/requirements.txt'].map((file) =>
  path.join(PROJECT, file),
)
/** PyTorch without CUDA: a tenth of the size. */
const CPU_INDEX = 'https://download.pytorch.org/whl/cpu'
const QUICK = ['-t', 'takes the same steps|sees the same inputs|in two processes']

const quick = process.argv.includes('--quick')
const python = process.env.FCOS_JOB_PYTHON || (await environment())
process.exitCode = python === null ? 0 : test(python)

function cacheFolder() {
  const home = homedir()
  if (process.env.FCOS_CACHE) return process.env.FCOS_CACHE
  if (process.platform === 'darwin') return path.join(home, 'Library/Caches/fcos-studio')
  if (windows) return path.join(process.env.LOCALAPPDATA ?? home, 'fcos-studio/cache')
  return path.join(process.env.XDG_CACHE_HOME || path.join(home, '.cache'), 'fcos-studio')
}

/** The environment's Python, made where there is none yet; null where it cannot be made. */
async function environment() {
  const hash = createHash('sha256')
  for (const file of REQUIREMENTS) hash.update(readFileSync(file))
  const folder = path.join(cacheFolder(), `jobs-${hash.digest('hex').slice(0, 12)}`)
  const at = (root) => path.join(root, windows ? 'Scripts/python.exe' : 'bin/python')
  // Its last file: with it, the environment is complete.
  const complete = path.join(folder, 'complete')
  if (existsSync(complete)) return at(folder)
  console.log(`Installing PyTorch and Ray for the tests of jobs into ${folder}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(path.dirname(folder), { recursive: true })
  const run = (command, ...args) =>
    spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
  const pip = (...args) =>
    run(at(folder), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...args)
  const torch = readFileSync(REQUIREMENTS[0], 'utf8').match(/^torch==\S+/m)[0]
  const hasCpuIndex = await fetch(CPU_INDEX, { signal: AbortSignal.timeout(5000) }).then(
    ({ ok }) => ok,
    () => false,
  )
  const done =
    run(windows ? 'python' : 'python3', '-m', 'venv', folder) &&
    (!hasCpuIndex || pip(torch, '--index-url', CPU_INDEX)) &&
    pip(...REQUIREMENTS.flatMap((file) => ['-r', file]))
  if (!done) {
    rmSync(folder, { recursive: true, force: true })
    console.log('SKIPPED: the tests of jobs, since Python 3 with venv, or its packages, cannot be had here')
    return null
  }
  mkdirSync(`${complete}.partial`)
  renameSync(`${complete}.partial`, complete)
  return at(folder)
}

function test(python) {
  const env = {
    ...process.env,
    FCOS_JOB_PYTHON: python,
    PYTHONPATH: path.join(PROJECT, 'resources/job'),
    PYTHONDONTWRITEBYTECODE: '1',
  }
  const options = { cwd: PROJECT, env, stdio: 'inherit' }
  const own = spawnSync(python, ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', 'tests/job'], options)
  const { PYTHONPATH: _, ...plain } = env
  const files = quick ? ['tests/job/parity.test.ts', ...QUICK] : ['tests/job']
  const beside = spawnSync(node24(), ['node_modules/vitest/vitest.mjs', 'run', ...files], {
    ...options,
    env: plain,
  })
  return own.status === 0 && beside.status === 0 ? 0 : 1
}
