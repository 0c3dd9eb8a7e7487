/**
 * One SQLite file behind a small port, so that node:sqlite, which is not yet declared stable, is named nowhere else.
 * Everything is synchronous: a statement takes microseconds, and a transaction cannot be torn by an await.
 */

import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { databaseError } from './database-errors.ts'

export type Value = SQLInputValue

export interface Database {
  readonly path: string
  readonly readOnly: boolean
  /** Runs one or more statements without parameters. */
  exec(sql: string): void
  run(sql: string, ...values: Value[]): { readonly changes: number; readonly lastId: number }
  get<Row>(sql: string, ...values: Value[]): Row | undefined
  all<Row>(sql: string, ...values: Value[]): Row[]
  /**
   * All of the work is done, or none of it. Inside another transaction it is a part of that one. The work must not be
   * asynchronous.
   */
  transaction<Result>(work: () => Result): Result
  close(): void
}

/**
 * Number of prepared statements that are kept. Searches come in many forms; all other statements together are a few
 * dozen.
 */
const PREPARED = 300

/** 64 MiB of pages: the indexes of a million boxes stay in memory. */
const CACHE_KIB = 64 * 1024

export interface OpenOptions {
  readonly readOnly?: boolean
  /**
   * States that nobody can write the file, so that SQLite neither locks it nor looks for a log. A file in WAL mode in
   * a folder that cannot be written can only be read this way.
   */
  readonly immutable?: boolean
  /** 'delete' means SQLite's rollback journal, for a file that only one program uses at a time. */
  readonly journal?: 'wal' | 'delete'
  /** How long a statement waits for another program's, which takes milliseconds. */
  readonly busyMs?: number
}

/** Throws the errors of databaseError, as do all methods. */
export function openDatabase(
  path: string,
  { readOnly = false, immutable = false, journal = 'wal', busyMs = 5000 }: OpenOptions = {},
): Database {
  const guard = <Result>(work: () => Result): Result => {
    try {
      return work()
    } catch (error) {
      throw databaseError(path, error)
    }
  }
  const connection = guard(() => {
    const location = immutable ? immutableUrl(path) : path
    const opened = new DatabaseSync(location, {
      readOnly,
      timeout: busyMs,
      enableForeignKeyConstraints: true,
    })
    try {
      // With FULL, commits survive a power cut too, at the cost of one fsync per change.
      opened.exec(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF`)
      if (!readOnly) opened.exec(`PRAGMA journal_mode = ${journal}`)
      // This is the first statement that reads the file, so a damaged file or one that is not a database fails
      // here.
      opened.exec('SELECT count(*) FROM sqlite_schema')
    } catch (error) {
      opened.close()
      throw error
    }
    return opened
  })
  const prepared = new Map<string, StatementSync>()
  const prepare = (sql: string): StatementSync => {
    let statement = prepared.get(sql)
    if (statement === undefined) {
      if (prepared.size >= PREPARED) prepared.clear()
      statement = connection.prepare(sql)
      prepared.set(sql, statement)
    }
    return statement
  }

  const database: Database = {
    path,
    readOnly,
    exec: (sql) => guard(() => connection.exec(sql)),
    run: (sql, ...values) =>
      guard(() => {
        const { changes, lastInsertRowid } = prepare(sql).run(...values)
        return { changes: Number(changes), lastId: Number(lastInsertRowid) }
      }),
    get: <Row>(sql: string, ...values: Value[]) =>
      guard(() => prepare(sql).get(...values)) as Row | undefined,
    all: <Row>(sql: string, ...values: Value[]) => guard(() => prepare(sql).all(...values)) as Row[],
    transaction: (work) => {
      if (connection.isTransaction) return work()
      // With IMMEDIATE, a conflict with another writer shows here and not in the middle of the work.
      database.exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        database.exec('COMMIT')
        return result
      } catch (error) {
        // A full disk may have rolled back already.
        if (connection.isTransaction) connection.exec('ROLLBACK')
        throw error
      }
    },
    close: () => {
      prepared.clear()
      if (connection.isOpen) guard(() => connection.close())
    },
  }
  return database
}

/** `?`, `#` and `%` of the path are escaped, and Windows' drive letters get their slash. */
function immutableUrl(path: string): URL {
  const url = pathToFileURL(path)
  url.searchParams.set('immutable', '1')
  return url
}
