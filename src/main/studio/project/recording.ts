/**
 * What makes a step undoable: the rows that it touched, as they were before it.
 *
 * Triggers write them, so no operation can forget to. The first write to a row within a step wins; a drag of a
 * thousand moves keeps one row. A change outside any step has no log, and fails at the table's NOT NULL. Restoring a step while recording under a new log leaves, in that log, the rows as they
 * were before the restoring: undo and redo are the same exchange.
 *
 * The triggers are temporary, made anew by every program that opens the project for writing.
 */
import type { Database } from './database.ts'

interface Tracked {
  readonly table: string
  /** What undo brings back. */
  readonly columns: readonly string[]
  /**
   * Undo adds and removes whole rows. For images it only restores what the user decided, since their files exist
   * anyway.
   */
  readonly rows: boolean
}

const TRACKED: readonly Tracked[] = [
  { table: 'image', columns: ['state', 'split'], rows: false },
  { table: 'class', columns: ['name', 'colour', 'position'], rows: true },
  {
    table: 'annotation',
    columns: [
      ...['image_id', 'class_id', 'x1', 'y1', 'x2', 'y2', 'difficult', 'crowd'],
      ...['source', 'model', 'score', 'area', 'segmentation', 'attributes'],
    ],
    rows: true,
  },
  { table: 'rejection', columns: ['image_id', 'class_id', 'x1', 'y1', 'x2', 'y2'], rows: true },
  // Triggers move an image together with its row (schema.ts).
  { table: 'removed', columns: [], rows: true },
]

export function installRecording(database: Database): void {
  database.exec(`
    CREATE TEMP TABLE recording (log INTEGER);
    INSERT INTO recording VALUES (NULL);
    ${TRACKED.map(triggers).join('\n')}`)
}

function triggers({ table, columns, rows }: Tracked): string {
  const old = ['(SELECT log FROM recording)', 'OLD.id', '1', ...columns.map((column) => `OLD.${column}`)]
  const keep = `INSERT INTO ${table}_before (${['log', 'id', 'existed', ...columns].join(', ')})
    VALUES (${old.join(', ')}) ON CONFLICT DO NOTHING;`
  const note = `INSERT INTO ${table}_before (log, id, existed)
    VALUES ((SELECT log FROM recording), NEW.id, 0) ON CONFLICT DO NOTHING;`
  const differ = columns.map((column) => `OLD.${column} IS NOT NEW.${column}`).join(' OR ')
  const update =
    columns.length === 0
      ? ''
      : `
    CREATE TEMP TRIGGER ${table}_update BEFORE UPDATE OF ${columns.join(', ')} ON main.${table} WHEN ${differ}
    BEGIN ${keep} END;`
  if (!rows) return update
  return `${update}
    CREATE TEMP TRIGGER ${table}_delete BEFORE DELETE ON main.${table} BEGIN ${keep} END;
    CREATE TEMP TRIGGER ${table}_insert AFTER INSERT ON main.${table} BEGIN ${note} END;`
}

/** Runs work whose changes are recorded under a log. */
export function record<Result>(database: Database, log: number, work: () => Result): Result {
  database.run('UPDATE recording SET log = ?', log)
  try {
    return work()
  } finally {
    database.run('UPDATE recording SET log = NULL')
  }
}

/** Restores the rows of one log, records their present values under the other log, and deletes the first. */
export function exchange(database: Database, from: number, to: number): void {
  const withRows = TRACKED.filter(({ rows }) => rows)
  record(database, to, () => {
    // All rows are deleted before any is restored, so that two classes can exchange their names.
    for (const { table } of withRows) {
      database.run(`DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table}_before WHERE log = ?)`, from)
    }
    // An image that is removed again keeps its present state.
    for (const { table, columns } of TRACKED.filter(({ rows }) => !rows)) {
      const values = columns.map((column) => `${column} = before.${column}`).join(', ')
      database.run(
        `UPDATE ${table} SET ${values} FROM ${table}_before AS before WHERE before.log = ? AND before.id = ${table}.id`,
        from,
      )
    }
    for (const { table, columns } of withRows) {
      const names = ['id', ...columns].join(', ')
      database.run(
        `INSERT INTO ${table} (${names}) SELECT ${names} FROM ${table}_before WHERE log = ? AND existed`,
        from,
      )
    }
  })
  dropLog(database, from)
}

export function dropLog(database: Database, log: number): void {
  for (const { table } of TRACKED) database.run(`DELETE FROM ${table}_before WHERE log = ?`, log)
}

/** Drops rows whose values have not changed in the end, such as a box that was dragged away and back. */
export function dropUnchanged(database: Database, log: number): void {
  for (const { table, columns } of TRACKED) {
    const same = ['true', ...columns.map((column) => `now.${column} IS before.${column}`)].join(' AND ')
    database.run(
      `DELETE FROM ${table}_before AS before WHERE log = ? AND CASE existed
         WHEN 1 THEN EXISTS (SELECT 1 FROM ${table} AS now WHERE now.id = before.id AND ${same})
         ELSE NOT EXISTS (SELECT 1 FROM ${table} AS now WHERE now.id = before.id) END`,
      log,
    )
  }
}

export const isEmptyLog = (database: Database, log: number): boolean =>
  TRACKED.every(
    ({ table }) => database.get(`SELECT 1 FROM ${table}_before WHERE log = ? LIMIT 1`, log) === undefined,
  )

/** A step that touches more images than this is not listed image by image; whoever shows images reads them again. */
const MOST_ROWS = 1000

export interface Touched {
  /** Ids of the images whose annotations, rejections, state or split changed, or 'many': also where images came or went. */
  readonly images: readonly number[] | 'many'
  readonly classes: boolean
}

export function touched(database: Database, log: number): Touched {
  const { rows } = database.get<{ rows: number }>(
    `SELECT count(*) AS rows FROM (
       SELECT 1 FROM image_before WHERE log = ?1 UNION ALL SELECT 1 FROM annotation_before WHERE log = ?1
       UNION ALL SELECT 1 FROM rejection_before WHERE log = ?1 LIMIT ${MOST_ROWS + 1})`,
    log,
  )!
  const cameOrWent = database.get('SELECT 1 FROM removed_before WHERE log = ? LIMIT 1', log) !== undefined
  return {
    images: rows > MOST_ROWS || cameOrWent ? 'many' : touchedImages(database, log),
    classes: database.get('SELECT 1 FROM class_before WHERE log = ? LIMIT 1', log) !== undefined,
  }
}

function touchedImages(database: Database, log: number): number[] {
  const rows = database.all<{ id: number }>(
    `SELECT id FROM image_before WHERE log = ?1
     UNION SELECT image_id FROM annotation_before WHERE log = ?1 AND existed
     UNION SELECT now.image_id FROM annotation_before AS before JOIN annotation AS now USING (id) WHERE log = ?1
     UNION SELECT image_id FROM rejection_before WHERE log = ?1 AND existed
     UNION SELECT now.image_id FROM rejection_before AS before JOIN rejection AS now USING (id) WHERE log = ?1`,
    log,
  )
  return rows.map(({ id }) => id)
}
