/** Builds the studio's window from its sources if they have changed since the last build. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { CodedError } from '../../core/errors.ts'
import { run } from '../process/run.ts'
import { PROJECT } from './binding.ts'
import { cacheRoot } from './cache.ts'
import { withSetupLock } from './lock.ts'

/** The window's files; index.html is written last. */
export const WINDOW_FOLDER = path.join(PROJECT, 'out/renderer')

/** What goes into the build: the window, and the desktop's two programs. */
const SOURCES = ['src', 'electron.vite.config.ts', 'package-lock.json']

/** @throws CodedError RUNTIME_WINDOW if the sources do not build. */
export async function provideWindow(log: (line: string) => void): Promise<string> {
  if (isFresh()) return WINDOW_FOLDER
  const wait = (): void => log('Another setup is running; waiting for it')
  await withSetupLock(cacheRoot(), wait, async () => {
    // Built by the process that held the lock.
    if (isFresh()) return
    log('Building the window')
    const vite = path.join(PROJECT, 'node_modules/electron-vite/bin/electron-vite.js')
    const { status, stderr } = await run(process.execPath, [vite, 'build', '--logLevel', 'error'], {
      cwd: PROJECT,
    })
    if (status !== 0) {
      throw new CodedError(
        'RUNTIME_WINDOW',
        `The window cannot be built: ${stderr.trim()}`,
        'If the sources are unchanged, remove node_modules and run `npm run setup`',
      )
    }
  })
  return WINDOW_FOLDER
}

function isFresh(): boolean {
  const built = path.join(WINDOW_FOLDER, 'index.html')
  return (
    existsSync(built) && newest(SOURCES.map((name) => path.join(PROJECT, name))) < statSync(built).mtimeMs
  )
}

/** The latest modification time, in milliseconds, of files and everything in folders. */
function newest(paths: readonly string[]): number {
  const times = paths.map((file) => {
    const stats = statSync(file)
    const inside = stats.isDirectory() ? readdirSync(file).map((name) => path.join(file, name)) : []
    return Math.max(stats.mtimeMs, newest(inside))
  })
  return Math.max(0, ...times)
}
