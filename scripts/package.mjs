/**
 * `npm run package`: an installer for this platform in dist/. It builds the desktop program, lays out the engine that goes
 * with it in build/engine, checks that this runs, and hands both to electron-builder with the given arguments. With
 * `--engine-only` it stops before that, which needs Electron's binary.
 *
 * The engine's folder is laid out as a checkout: the sources that Node runs, the packages that they need, and Node itself.
 * On a user's machine it is first copied to their cache, where setup prepares it (src/main/desktop/engine-setup.ts).
 */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { node24, PROJECT } from './node24.mjs'

const ENGINE = path.join(PROJECT, 'build/engine')

const SOURCES = [
  'package.json',
  'LICENSE',
  'THIRD_PARTY_NOTICES.md',
  'bin',
  'scripts/node24.mjs',
  'resources',
  'src/core',
  'src/main',
]

/** The desktop shell runs in Electron, from its archive. */
const DESKTOP = 'src/main/desktop'

/** Setup compiles against these headers; they are not needed at run time. */
const FOR_SETUP = ['node_modules/node-api-headers']

/** Not needed at run time: types, source maps, and what setup put there for this checkout. */
const LEFT_OUT = /\.(d\.[cm]?ts|map|md)$|\/(lib\/napi-v8|deps|build-tmp-napi-v8)(\/|$)/

/** ONNX Runtime's package holds its library for all systems. */
function isForOtherSystem(file) {
  const [, platform, arch] =
    /onnxruntime-node[\\/]bin[\\/]napi-v\d+[\\/](\w+)(?:[\\/](\w+))?/.exec(file) ?? []
  return (platform && platform !== process.platform) || (arch && arch !== process.arch) || false
}

const { packages } = JSON.parse(readFileSync(path.join(PROJECT, 'package-lock.json'), 'utf8'))
const run = (node, ...args) => execFileSync(node, args, { cwd: PROJECT, stdio: 'inherit' })

run(process.execPath, 'node_modules/electron-vite/bin/electron-vite.js', 'build', '--logLevel', 'error')
layOutEngine()
run(
  path.join(ENGINE, path.relative(PROJECT, node24())),
  path.join(ENGINE, 'src/main/cli/index.ts'),
  '--version',
)
const rest = process.argv.slice(2)
if (!rest.includes('--engine-only')) run(process.execPath, 'node_modules/electron-builder/cli.js', ...rest)

function layOutEngine() {
  rmSync(ENGINE, { recursive: true, force: true })
  mkdirSync(ENGINE, { recursive: true })
  for (const name of [...SOURCES, path.relative(PROJECT, node24())])
    copy(name, (file) => path.relative(PROJECT, file) !== path.normalize(DESKTOP))
  const needed = Object.keys(packages).filter((place) => place && !packages[place].dev)
  for (const place of [...needed, ...FOR_SETUP]) {
    // Packages for other platforms are not installed.
    if (existsSync(path.join(PROJECT, place)))
      copy(
        place,
        (file) =>
          !LEFT_OUT.test(path.relative(PROJECT, file)) && !isForOtherSystem(file) && !isNested(place, file),
      )
  }
  // Copies of different builds are kept side by side on a user's machine.
  const id = createHash('sha256').update(readFileSync(path.join(PROJECT, 'package-lock.json')))
  for (const file of execFileSync('git', ['ls-files', 'src'], { cwd: PROJECT, encoding: 'utf8' }).split('\n'))
    if (file && existsSync(path.join(PROJECT, file))) id.update(readFileSync(path.join(PROJECT, file)))
  writeFileSync(path.join(ENGINE, 'BUILD'), id.digest('hex').slice(0, 16))
}

function copy(place, filter) {
  cpSync(path.join(PROJECT, place), path.join(ENGINE, place), { recursive: true, dereference: true, filter })
}

/** A nested package has an entry of its own, or is a development dependency. */
function isNested(place, file) {
  return path.relative(path.join(PROJECT, place), file).split(path.sep).includes('node_modules')
}
