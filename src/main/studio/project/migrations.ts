/** Brings a project file to the format of this program, step by step. */
import { CodedError } from '../../../core/errors.ts'
import { naturalKey } from '../../../core/project/natural-order.ts'
import type { Database } from './database.ts'
import { VERSION_1, VERSION_2, VERSION_3, VERSION_4 } from './schema.ts'

/** SQL, or more than SQL can do. */
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

/** True for a file without a table: one that is being made, or whose making was interrupted. */
export const isEmpty = (database: Database): boolean =>
  database.get('SELECT 1 FROM sqlite_schema LIMIT 1') === undefined

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
