/** Where the parts of the program are, in a checkout or in an installed package. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { app } from 'electron'
import { cacheRoot } from '../setup/cache.ts'
import type { EnginePlace } from '../studio/engine/place.ts'

/** Of the built main process, out/main. */
const HERE = import.meta.dirname

export const PRELOAD = path.join(HERE, '../preload/index.cjs')
export const RENDERER = path.join(HERE, '../renderer')

export const cachedPictures = (): string => path.join(cacheRoot(), 'pictures')

export interface ProgramPlaces {
  /** With package.json and resources/. */
  readonly root: string
  readonly engine: EnginePlace
}

/**
 * A package contains its engine as scripts/package.mjs lays it out. That folder may be read-only, or be in a different place
 * at every start, so the engine runs from a copy in the user's cache, which engine-setup.ts creates.
 */
export function programPlaces(): ProgramPlaces {
  if (!app.isPackaged) return withEngine(app.getAppPath(), app.getAppPath())
  const shipped = path.join(process.resourcesPath, 'engine')
  const build = readFileSync(path.join(shipped, 'BUILD'), 'utf8')
  return withEngine(shipped, path.join(cacheRoot(), 'engines', `${app.getVersion()}-${build}`))
}

function withEngine(root: string, engineRoot: string): ProgramPlaces {
  const program = process.platform === 'win32' ? 'node.exe' : 'node'
  return { root, engine: { root: engineRoot, node: path.join(engineRoot, 'node_modules/node/bin', program) } }
}
