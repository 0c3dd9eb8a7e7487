/**
 * The per-user cache, outside every checkout and shared by all of them. Anything with its final name is complete: folders
 * are built in a sibling with a temporary name, flushed, and renamed.
 */

import { accessSync, constants, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { CodedError, fileFault } from '../../core/errors.ts'

export function cacheRoot(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  if (env.FCOS_CACHE) return path.resolve(env.FCOS_CACHE)
  if (platform === 'darwin') return path.join(home, 'Library', 'Caches', 'fcos-studio')
  if (platform === 'win32')
    return path.join(env.LOCALAPPDATA ?? path.join(home, 'AppData', 'Local'), 'fcos-studio', 'cache')
  return path.join(env.XDG_CACHE_HOME || path.join(home, '.cache'), 'fcos-studio')
}

/** Why a folder can neither be written to nor created, or undefined if it can. Changes nothing. */
export function whyUnwritable(folder: string): string | undefined {
  try {
    if (!statSync(folder).isDirectory()) return 'it is not a folder'
    accessSync(folder, constants.W_OK | constants.X_OK)
    return undefined
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const parent = path.dirname(folder)
    if (code !== 'ENOENT' || parent === folder) return fileFault(cause).reason
    const why = whyUnwritable(parent)
    return why && `it cannot be created in ${parent}: ${why}`
  }
}

export function unusableCache(cache: string): CodedError | undefined {
  const why = whyUnwritable(cache)
  if (why === undefined) return undefined
  return new CodedError(
    'RUNTIME_CACHE',
    `The cache ${cache} cannot be used: ${why}`,
    'Set FCOS_CACHE to a folder that you can write to',
  )
}

const PARTIAL = '.partial-'

/**
 * Builds a folder atomically: `fill` writes into a temporary sibling, which is renamed to `target` if it succeeds and
 * removed if it fails. Also removes what killed processes left behind, so the caller must hold the setup lock.
 */
export async function buildFolder(target: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const parent = path.dirname(target)
  mkdirSync(parent, { recursive: true })
  for (const name of readdirSync(parent))
    if (name.startsWith(PARTIAL)) rmSync(path.join(parent, name), { recursive: true, force: true })
  const partial = path.join(parent, `${PARTIAL}${path.basename(target)}`)
  mkdirSync(partial)
  try {
    await fill(partial)
    rmSync(target, { recursive: true, force: true })
    renameSync(partial, target)
  } catch (error) {
    rmSync(partial, { recursive: true, force: true })
    throw error
  }
}
