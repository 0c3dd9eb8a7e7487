import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where the engine's program is. */
export interface EnginePlace {
  /** Node ≥ 24. Never Electron's binary: its allocator ends the process on a tensor of 2 GiB. */
  readonly node: string
  /** A folder laid out as a checkout: src/, node_modules/, resources/. What setup chose is written there too. */
  readonly root: string
}

/** This very program, where it runs from its sources under Node. */
export const CHECKOUT: EnginePlace = {
  node: process.execPath,
  root: fileURLToPath(new URL('../../../../', import.meta.url)),
}

export const engineEntry = ({ root }: EnginePlace): string => path.join(root, 'src/main/engine/index.ts')
