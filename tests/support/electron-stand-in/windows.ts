/** All windows there are: the program ends with the last of them, and closes them when it ends. */
import type { EventEmitter } from 'node:events'

export interface Closable extends EventEmitter {
  close(): void
}

export const windows = new Set<Closable>()
