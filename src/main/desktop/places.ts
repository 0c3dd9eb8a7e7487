/** Where the parts of the program lie: in a checkout, or in an installed package. */
import path from 'node:path'
import { app } from 'electron'
import type { EnginePlace } from '../studio/engine/place.ts'

/** Of the built main process, out/main. */
const HERE = import.meta.dirname

export const PRELOAD = path.join(HERE, '../preload/index.cjs')
export const RENDERER = path.join(HERE, '../renderer')

const NODE = process.platform === 'win32' ? 'node.exe' : 'node'

export interface ProgramPlaces {
  /** With package.json and resources/. */
  readonly root: string
  readonly engine: EnginePlace
}

export function programPlaces(): ProgramPlaces {
  const root = app.getAppPath()
  return { root, engine: { root, node: path.join(root, 'node_modules/node/bin', NODE) } }
}
