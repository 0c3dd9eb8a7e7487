/**
 * `npm start`, `npm test`, `npm run test:jobs` and `npm run setup` on a machine that has only Node ≥ 20, Python 3 with pip, a C++ compiler and
 * access to the package registries. Plain JavaScript without dependencies, because it runs before any are installed.
 */

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { node24, PROJECT, runInPlace } from './node24.mjs'
import { runTests } from './test.mjs'

const OLDEST_NODE = 20

try {
  process.exitCode = await main(process.argv[2], process.argv.slice(3))
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}

async function main(verb, rest) {
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE)
    throw new Error(
      `Node ${process.versions.node} is too old: install Node ${OLDEST_NODE} or newer from nodejs.org`,
    )
  installPackages()
  const node = installNode24()
  const bin = path.join(PROJECT, 'node_modules/.bin')
  // NODE_USE_ENV_PROXY: downloads honour HTTPS_PROXY, as npm's and pip's do.
  const env = { NODE_USE_ENV_PROXY: '1', ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` }
  const run = (args) => runInPlace(node, args, { cwd: PROJECT, env })

  const setup = await run(['src/main/setup/index.ts', ...(verb.startsWith('test') ? ['--for-training'] : [])])
  if (setup !== 0) return setup
  if (verb === 'start') return run(['src/main/cli/index.ts', 'start', ...rest])
  if (verb === 'test') return runTests(run, rest)
  if (verb === 'test:jobs') return run(['scripts/test-jobs.mjs', ...rest])
  return 0
}

/** `npm ci`, where node_modules is not what package-lock.json says. */
function installPackages() {
  if (packagesMatch()) return
  console.log('Installing npm packages')
  // Packages that need Node 24 warn if npm runs on an older one, so only errors are shown.
  npm(['ci', '--loglevel=error'])
}

/** npm records what it installed in node_modules/.package-lock.json, which it writes last. */
function packagesMatch() {
  const installedFile = path.join(PROJECT, 'node_modules/.package-lock.json')
  if (!existsSync(installedFile)) return false
  const wanted = packagesOf(path.join(PROJECT, 'package-lock.json'))
  const installed = packagesOf(installedFile)
  // Optional packages are for other platforms: they are either absent here or have the wanted version.
  const fits = ([place, { integrity, optional }]) =>
    installed[place] ? installed[place].integrity === integrity : optional
  return Object.entries(wanted).every(fits)
}

function packagesOf(file) {
  const { '': _project, ...packages } = JSON.parse(readFileSync(file, 'utf8')).packages
  return packages
}

/** npm's `node` package downloads its program in an install script, the only one that we run. */
function installNode24() {
  const wanted = JSON.parse(
    readFileSync(path.join(PROJECT, 'node_modules/node/package.json'), 'utf8'),
  ).version
  if (versionOf(node24()) !== `v${wanted}`) {
    console.log(`Installing Node ${wanted} beside the packages`)
    npm(['rebuild', '--ignore-scripts=false', '--loglevel=error', 'node'])
  }
  const node = node24()
  if (versionOf(node) !== `v${wanted}`)
    throw new Error(`Node ${wanted} does not run on this machine. Remove node_modules and try again`)
  return node
}

function versionOf(node) {
  return node && spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.trim()
}

function npm(args) {
  // Under `npm start` this is the npm that the user called.
  const script = process.env.npm_execpath
  const windows = process.platform === 'win32'
  const { status } = script?.endsWith('.js')
    ? spawnSync(process.execPath, [script, ...args], { cwd: PROJECT, stdio: 'inherit' })
    : spawnSync(windows ? 'npm.cmd' : 'npm', args, { cwd: PROJECT, stdio: 'inherit', shell: windows })
  if (status !== 0)
    throw new Error(`npm ${args.join(' ')} failed. Check that the npm registry can be reached, and try again`)
}
