/** The program's log: what it prints also goes to a file, which the crash page shows. */
import { appendFileSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import path from 'node:path'
import { format } from 'node:util'

/** A file of at least this size is renamed when the program starts; one such file is kept. */
const LARGE = 1024 * 1024
const SHOWN_LINES = 200

export interface Log {
  readonly file: string
  /** The last lines, oldest first. */
  tail(): string
}

/** From now on console.error, warn and info also write to the file. If that fails, only the line is lost. */
export function keepLog(folder: string): Log {
  const file = path.join(folder, 'studio.log')
  attempt(() => mkdirSync(folder, { recursive: true }))
  attempt(() => statSync(file).size > LARGE && renameSync(file, path.join(folder, 'studio.old.log')))
  for (const level of ['error', 'warn', 'info'] as const) {
    const print = console[level].bind(console)
    console[level] = (...words) => {
      print(...words)
      attempt(() => appendFileSync(file, `${new Date().toISOString()} ${level} ${format(...words)}\n`))
    }
  }
  return {
    file,
    tail: () => attempt(() => readFileSync(file, 'utf8').split('\n').slice(-SHOWN_LINES).join('\n')) ?? '',
  }
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
