/** Electron's program. Its npm package downloads it at first use, which some networks block. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { run } from '../process/run.ts'
import { PROJECT } from './binding.ts'

const PACKAGE = path.join(PROJECT, 'node_modules/electron')
const PROGRAM =
  process.platform === 'darwin'
    ? 'Electron.app/Contents/MacOS/Electron'
    : process.platform === 'win32'
      ? 'electron.exe'
      : 'electron'

const RELEASES = 'https://github.com/electron/electron/releases/download/'
const ANSWER_MS = 5000
const DOWNLOAD_MS = 5 * 60_000

/** Its path, after downloading it if necessary, or the reason why it is not available. */
export async function provideElectron(
  log: (line: string) => void,
): Promise<{ readonly program: string } | { readonly missing: string }> {
  const reason = findElectron() === undefined ? await download(log) : ''
  const program = findElectron()
  return program === undefined ? { missing: `Electron is not available: ${reason}` } : { program }
}

/** Its path, if it has been downloaded. */
export function findElectron(): string | undefined {
  const own = path.join(PACKAGE, 'dist')
  const folder = process.env.ELECTRON_OVERRIDE_DIST_PATH ?? own
  // Its installer writes path.txt last.
  const isWhole = folder !== own || existsSync(path.join(PACKAGE, 'path.txt'))
  const program = path.join(folder, PROGRAM)
  return isWhole && existsSync(program) ? program : undefined
}

/**
 * Returns why it failed. A blocked network is detected within seconds, so the user does not wait for a download that cannot
 * start.
 */
async function download(log: (line: string) => void): Promise<string> {
  const { version } = createRequire(import.meta.url)(path.join(PACKAGE, 'package.json'))
  const releases = process.env.ELECTRON_MIRROR ?? RELEASES
  try {
    const url = `${releases}v${version}/SHASUMS256.txt`
    const { status } = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(ANSWER_MS) })
    if (status >= 400) return `${new URL(releases).host} returned status ${status}`
  } catch {
    return `${URL.parse(releases)?.host} cannot be reached`
  }
  log(`Downloading Electron ${version}`)
  const env = { ELECTRON_GET_USE_PROXY: 'true', ...process.env }
  const { stderr } = await run(process.execPath, [path.join(PACKAGE, 'install.js')], {
    env,
    timeoutMs: DOWNLOAD_MS,
  })
  return stderr.split('\n')[0]!
}
