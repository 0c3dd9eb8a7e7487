/**
 * One writer per project. The lock is one that the operating system holds for SQLite on a file of its own. It ends with
 * the process that has it, however that ends, so whether a lock is stale is never guessed from process ids or clocks.
 * The file's one row says who has it, and stays behind where a program was killed.
 *
 * Nothing in this process may open the lock file by other means: closing any handle to a file ends all of a process's
 * POSIX locks on it.
 */
import { hostname } from 'node:os'
import { CodedError } from '../../../core/errors.ts'
import { type Database, openDatabase } from './database.ts'

export interface Holder {
  readonly program: string
  readonly pid: number
  readonly host: string
  /** ISO 8601, by the holder's clock. */
  readonly since: string
}

export interface HeldLock {
  readonly held: true
  /** The last holder, if it was killed or its machine lost power. */
  readonly killed: Holder | undefined
  release(): void
}

/** The holder is undefined if its name cannot be read. */
export type Lock = HeldLock | { readonly held: false; readonly holder: Holder | undefined }

/** Throws IO_PROJECT_READ_ONLY or IO_PROJECT where the lock file cannot be made: nobody can write there. */
export function acquireLock(path: string, program: string): Lock {
  const database = openDatabase(path, { journal: 'delete', busyMs: 200 })
  try {
    database.exec('BEGIN IMMEDIATE')
    database.exec(`CREATE TABLE IF NOT EXISTS holder
      (program TEXT NOT NULL, pid INTEGER NOT NULL, host TEXT NOT NULL, since TEXT NOT NULL) STRICT`)
    const killed = readHolder(database)
    database.run('DELETE FROM holder')
    database.run(
      'INSERT INTO holder VALUES (?, ?, ?, ?)',
      program,
      process.pid,
      hostname(),
      new Date().toISOString(),
    )
    database.exec('COMMIT')
    // The transaction stays open: other programs can read the holder's name but cannot begin a transaction.
    database.exec('BEGIN IMMEDIATE')
    return {
      held: true,
      killed,
      release: () => {
        try {
          database.exec('DELETE FROM holder; COMMIT')
        } catch (error) {
          // Closing the file releases the lock as well. If the folder is gone, the holder's name is no longer
          // needed.
          if (!(error instanceof CodedError)) throw error
        } finally {
          database.close()
        }
      },
    }
  } catch (error) {
    const holder = isTaken(error) ? readHolder(database) : undefined
    database.close()
    if (isTaken(error)) return { held: false, holder }
    throw error
  }
}

function readHolder(database: Database): Holder | undefined {
  try {
    return database.get<Holder>('SELECT program, pid, host, since FROM holder')
  } catch (error) {
    // The holder is writing its name at this moment.
    if (isTaken(error)) return undefined
    throw error
  }
}

const isTaken = (error: unknown): boolean => error instanceof CodedError && error.code === 'IO_PROJECT_LOCKED'
