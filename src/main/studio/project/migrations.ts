/** Migrates a project file to the format of this program, step by step. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CodedError, fileFault } from '../../../core/errors.ts'
import { naturalKey } from '../../../core/project/natural-order.ts'
import { type Database, openDatabase } from './database.ts'
import { VERSION_1, VERSION_2, VERSION_3, VERSION_4 } from './schema.ts'

/** SQL, or a function where SQL is not enough. */
type Migration = string | ((database: Database) => void)

/** MIGRATIONS[v] leads from format version v to v + 1; version 0 is an empty file. */
export const MIGRATIONS: readonly Migration[] = [
  VERSION_1,
  VERSION_2,
  (database) => {
    database.exec(VERSION_3)
    for (const { id, path } of database.all<{ id: number; path: string }>('SELECT id, path FROM image')) {
      database.run('UPDATE image SET sort_key = ? WHERE id = ?', naturalKey(path), id)
    }
  },
  VERSION_4,
]

/** "FCOS" in SQLite's header field for the kind of file: `file` and other tools can tell it from any database. */
const APPLICATION_ID = 0x46434f53

/** Whether a file has no table yet, because it is new or its creation was interrupted. */
export const isEmpty = (database: Database): boolean =>
  database.get('SELECT 1 FROM sqlite_schema LIMIT 1') === undefined

/** The format of a project file that is older than this program's; undefined for one that needs no migration. */
export function olderFormat(database: Database): number | undefined {
  const version = headerField(database, 'user_version')
  return version > 0 && version < MIGRATIONS.length ? version : undefined
}

/**
 * Migrates a temporary copy of a project that cannot be written, and opens the copy for reading under the path of the
 * original. Both connections are closed together with the one that is returned, and the copy is deleted.
 *
 * Throws DATA_PROJECT_OLDER if there is no room for a copy.
 */
export function openMigratedCopy(original: Database): Database {
  let folder: string | undefined
  const discard = (): void => {
    original.close()
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  }
  try {
    folder = mkdtempSync(join(tmpdir(), 'fcos-project-'))
    const path = join(folder, 'copy.fcos')
    original.run('VACUUM INTO ?', path)
    const changed = openDatabase(path, { journal: 'delete' })
    try {
      migrate(changed)
    } finally {
      changed.close()
    }
    const copy = openDatabase(path, { readOnly: true })
    const close = (): void => {
      copy.close()
      discard()
    }
    return { ...copy, path: original.path, close }
  } catch (cause) {
    discard()
    const reason = cause instanceof CodedError ? cause.message : fileFault(cause).reason
    throw new CodedError(
      'DATA_PROJECT_OLDER',
      `${original.path} has an older format and cannot be written, and no converted copy can be made in ${tmpdir()}: ${reason}`,
      'The project is unchanged. Make its folder writable, or free some space for temporary files',
      { cause },
    )
  }
}

/**
 * Throws DATA_PROJECT_NEWER for a file of a newer program, which is then not touched, DATA_PROJECT_FORMAT for a
 * database that is no project, and DATA_PROJECT_OLDER where an older file would have to be changed but is only read.
 */
export function migrate(database: Database, migrations = MIGRATIONS): void {
  const { path } = database
  const version = headerField(database, 'user_version')
  if (headerField(database, 'application_id') !== APPLICATION_ID && !isEmpty(database)) {
    throw new CodedError('DATA_PROJECT_FORMAT', `${path} is a database, but not a project of this program`)
  }
  if (version > migrations.length) {
    throw new CodedError(
      'DATA_PROJECT_NEWER',
      `${path} was written by a newer FCOS Studio (format ${version}; this one reads up to ${migrations.length})`,
      'Nothing was changed. Update FCOS Studio',
    )
  }
  if (version === migrations.length) return
  if (database.readOnly) {
    throw new CodedError(
      'DATA_PROJECT_OLDER',
      `${path} has the older format ${version} and cannot be changed to format ${migrations.length}`,
      'Open it once from a writable place',
    )
  }
  database.transaction(() => {
    for (const step of migrations.slice(version)) {
      if (typeof step === 'string') database.exec(step)
      else step(database)
    }
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${migrations.length}`)
  })
}

function headerField(database: Database, name: 'user_version' | 'application_id'): number {
  return Object.values(database.get<Record<string, number>>(`PRAGMA ${name}`)!)[0]!
}
