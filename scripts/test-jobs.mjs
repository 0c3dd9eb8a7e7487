/**
 * `npm run test:jobs`: trains the same runs in the engine, in PyTorch and on Ray, and compares them. Makes a virtual environment of
 * pinned versions in the cache, once. `--quick` installs no Ray, and compares the steps of one process and of two alone. Where
 * Python 3 is missing, or its packages cannot be had in time, it skips, aloud.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { node24, PROJECT } from './node24.mjs'

const windows = process.platform === 'win32'
const quick = process.argv.includes('--quick')
/** Lines of pip's requirements. */
const REQUIREMENTS = ['resources/job/requirements.txt', 'tests/job/requirements.txt']
  .flatMap((file) => readFileSync(path.join(PROJECT, file), 'utf8').split('\n'))
  .filter((line) => line !== '' && !line.startsWith('#') && !(quick && line.startsWith('ray')))
/** PyTorch without CUDA: a tenth of the size. */
const CPU_INDEX = 'https://download.pytorch.org/whl/cpu'
const QUICK = ['tests/job/parity.test.ts', '-t', 'takes the same steps of SGD|in two processes']
/** A registry that is slower is none: continuous integration has no more time to give. */
const MOST_MINUTES = quick ? 2 : 10

const began = Date.now()
const python = process.env.FCOS_JOB_PYTHON || (await timed('installing', environment))
process.exitCode = python === null ? 0 : await test(python)
console.log(`Tests of jobs: ${seconds(began)} s in all`)

function seconds(since) {
  return Math.round((Date.now() - since) / 1000)
}

async function timed(what, work) {
  const start = Date.now()
  const result = await work()
  console.log(`Tests of jobs: ${what} took ${seconds(start)} s`)
  return result
}

function cacheFolder() {
  const home = homedir()
  if (process.env.FCOS_CACHE) return process.env.FCOS_CACHE
  if (process.platform === 'darwin') return path.join(home, 'Library/Caches/fcos-studio')
  if (windows) return path.join(process.env.LOCALAPPDATA ?? home, 'fcos-studio/cache')
  return path.join(process.env.XDG_CACHE_HOME || path.join(home, '.cache'), 'fcos-studio')
}

/** The environment's Python, made where there is none yet; null where it cannot be made. */
async function environment() {
  const hash = createHash('sha256').update(REQUIREMENTS.join('\n')).digest('hex').slice(0, 12)
  const folder = path.join(cacheFolder(), `jobs-${hash}`)
  const at = (root) => path.join(root, windows ? 'Scripts/python.exe' : 'bin/python')
  // Its last file: with it, the environment is complete.
  const complete = path.join(folder, 'complete')
  if (existsSync(complete)) return at(folder)
  console.log(`Installing PyTorch${quick ? '' : ' and Ray'} for the tests of jobs into ${folder}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(path.dirname(folder), { recursive: true })
  const until = Date.now() + MOST_MINUTES * 60_000
  const run = (command, ...args) => {
    const timeout = Math.max(1, until - Date.now())
    return spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'], timeout }).status === 0
  }
  const pip = (...args) =>
    run(at(folder), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...args)
  const torch = REQUIREMENTS.find((line) => line.startsWith('torch=='))
  const hasCpuIndex = await fetch(CPU_INDEX, { signal: AbortSignal.timeout(5000) }).then(
    ({ ok }) => ok,
    () => false,
  )
  const done =
    run(windows ? 'python' : 'python3', '-m', 'venv', folder) &&
    (!hasCpuIndex || pip(torch, '--index-url', CPU_INDEX)) &&
    pip(...REQUIREMENTS)
  if (!done) {
    rmSync(folder, { recursive: true, force: true })
    console.log(
      'SKIPPED: the tests of jobs (PyTorch and Ray beside the engine), since Python 3 with venv, or its packages, cannot be had here ' +
        `(they are given ${MOST_MINUTES} minutes)`,
    )
    return null
  }
  writeFileSync(`${complete}.partial`, '')
  renameSync(`${complete}.partial`, complete)
  return at(folder)
}

async function test(python) {
  const env = { ...process.env, FCOS_JOB_PYTHON: python, PYTHONDONTWRITEBYTECODE: '1' }
  const run = (command, args, more) =>
    spawnSync(command, args, { cwd: PROJECT, env: { ...env, ...more }, stdio: 'inherit' }).status === 0
  const own = await timed('the program by itself', () =>
    run(python, ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', 'tests/job'], {
      PYTHONPATH: path.join(PROJECT, 'resources/job'),
    }),
  )
  const files = quick ? QUICK : ['tests/job']
  const beside = await timed('comparisons with the engine', () =>
    run(node24(), ['node_modules/vitest/vitest.mjs', 'run', ...files]),
  )
  return own && beside ? 0 : 1
}
