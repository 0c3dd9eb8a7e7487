import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Location of the engine's program. */
export interface EnginePlace {
  /**
   * Path of Node 24 or later. Electron's binary cannot be used, because its allocator ends the process on a tensor of
   * 2 GiB.
   */
  readonly node: string
  /** A folder laid out like a checkout: src/, node_modules/, resources/. Setup also stores its choices there. */
  readonly root: string
}

/** This program itself, if it runs from its sources under Node. */
export const CHECKOUT: EnginePlace = {
  node: process.execPath,
  root: fileURLToPath(new URL('../../../../', import.meta.url)),
}

export const engineEntry = ({ root }: EnginePlace): string => path.join(root, 'src/main/engine/index.ts')
