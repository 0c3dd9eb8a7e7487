/** Queries as SQL. Every term is answered from an index, or from one pass over the images. */
import { CodedError } from '../../../core/errors.ts'
import { SOURCES } from '../../../core/project/model.ts'
import { type Comparison, parseQuery, type Term } from '../../../core/query/query.ts'
import type { Database, Value } from './database.ts'
import { nameKey } from './name-key.ts'

interface Condition {
  readonly sql: string
  readonly values: readonly Value[]
}

/** Ids of the images that a query (core/query) finds, in the order of their names. Throws USAGE_QUERY. */
export function findImages(database: Database, query: string): number[] {
  const { sql, values } = where(database, query)
  // One value for all rows: a hundred thousand rows would each take longer to become an object than to be found.
  const row = database.get<{ ids: string }>(
    `SELECT json_group_array(id) AS ids FROM (SELECT id FROM image WHERE ${sql} ORDER BY sort_key, path)`,
    ...values,
  )!
  return JSON.parse(row.ids)
}

function where(database: Database, query: string): Condition {
  const terms = parseQuery(query)
  const ofObject = terms.filter(isOfObject)
  const together = ofObject.filter(({ negated }) => !negated)
  const conditions = [
    ...terms.filter((term) => !isOfObject(term)).map(ofImage),
    ...(together.length > 0 ? [hasObject(database, together)] : []),
    ...ofObject.filter(({ negated }) => negated).map((term) => not(hasObject(database, [term]))),
  ]
  return {
    sql: conditions.map(({ sql }) => `(${sql})`).join(' AND ') || 'true',
    values: conditions.flatMap(({ values }) => values),
  }
}

type ObjectTerm = Extract<Term, { kind: 'class' | 'source' | 'score' }>

const isOfObject = (term: Term): term is ObjectTerm => ['class', 'source', 'score'].includes(term.kind)

function ofImage(term: Term): Condition {
  const condition = plain(term)
  return term.negated ? not(condition) : condition
}

function plain(term: Term): Condition {
  switch (term.kind) {
    case 'name':
      return { sql: 'instr(name_key, ?) > 0', values: [nameKey(term.text)] }
    // The plus stops SQLite from using the index of these columns, which is meant for counting: with it, most
    // images would have to be sorted.
    case 'state':
      return oneOf('+state', term.states)
    case 'split': {
      const named = oneOf(
        '+split',
        term.splits.filter((split) => split !== null),
      )
      return term.splits.includes(null) ? { ...named, sql: `+split IS NULL OR ${named.sql}` } : named
    }
    case 'count':
      return compare('labels', term.comparisons)
    default:
      return { sql: 'error IS NOT NULL', values: [] }
  }
}

/** The image has one object for which all of the terms hold. */
function hasObject(database: Database, terms: readonly ObjectTerm[]): Condition {
  const bySource = terms.filter((term) => term.kind === 'source')
  const sources = SOURCES.filter((source) => bySource.every((term) => term.sources.includes(source)))
  const conditions = terms.flatMap((term) => {
    if (term.kind === 'class') return oneOf('class_id', classIds(database, term.names))
    return term.kind === 'score' ? compare('score', term.comparisons) : []
  })
  // Each image has its objects counted by source; the indexes of classes and scores have the source in them.
  if (conditions.length === 0)
    return { sql: sources.map((source) => `${source} > 0`).join(' OR ') || 'false', values: [] }
  if (bySource.length > 0) conditions.push(oneOf('source', sources))
  return {
    sql: `image.id IN (SELECT image_id FROM annotation WHERE ${conditions.map(({ sql }) => sql).join(' AND ')})`,
    values: conditions.flatMap(({ values }) => values),
  }
}

function classIds(database: Database, names: readonly string[]): number[] {
  const all = database.all<{ id: number; name: string }>('SELECT id, name FROM class')
  return names.flatMap((name) => {
    const found = all.filter((entry) => nameKey(entry.name) === nameKey(name))
    if (found.length === 0) throw new CodedError('USAGE_QUERY', `class:${name}: there is no such class`)
    return found.map(({ id }) => id)
  })
}

const oneOf = (column: string, choices: readonly (string | number)[]): Condition => ({
  sql: `${column} IN (${choices.map(() => '?').join(', ')})`,
  values: choices,
})

const compare = (column: string, comparisons: readonly Comparison[]): Condition => ({
  sql: comparisons.map(({ operator }) => `${column} ${operator} ?`).join(' AND '),
  values: comparisons.map(({ value }) => value),
})

/** Where a column is NULL a comparison is neither true nor false; its negation is then true here. */
const not = ({ sql, values }: Condition): Condition => ({ sql: `(${sql}) IS NOT TRUE`, values })
