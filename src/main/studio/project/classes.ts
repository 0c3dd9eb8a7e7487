/** The class manager. Every method is one step of the history, or part of the step around it. */
import { classColour } from '../../../core/colour/class-palette.ts'
import { CodedError } from '../../../core/errors.ts'
import type { ProjectClass } from '../../../core/project/model.ts'
import type { Database } from './database.ts'
import type { History } from './history.ts'

export class Classes {
  readonly #database: Database
  readonly #history: History

  constructor(database: Database, history: History) {
    this.#database = database
    this.#history = history
  }

  /** In the user's order. */
  all(): ProjectClass[] {
    return this.#database.all('SELECT id, name, colour FROM class ORDER BY position, id')
  }

  /** Number of labels per class, for classes that have any. */
  counts(): Map<number, number> {
    const rows = this.#database.all<{ id: number; count: number }>(
      `SELECT class_id AS id, count(*) AS count FROM annotation WHERE source <> 'proposed' GROUP BY class_id`,
    )
    return new Map(rows.map(({ id, count }) => [id, count]))
  }

  /**
   * Adds a class at the end and returns its id: the given one, or the next that no class ever had.
   * Throws USAGE_CLASS_NAME, USAGE_CLASS_ID, USAGE_COLOUR.
   */
  add(name: string, { id, colour }: { readonly id?: number; readonly colour?: string } = {}): number {
    return this.#history.change(`Add class ${name}`, () => {
      this.#checkName(name)
      if (id !== undefined && (!Number.isSafeInteger(id) || id < 0 || this.#has(id))) {
        throw new CodedError(
          'USAGE_CLASS_ID',
          `A new class cannot have the id ${id}`,
          'Give a free whole number',
        )
      }
      const { next } = this.#database.get<{ next: number }>(
        'SELECT coalesce(max(position) + 1, 0) AS next FROM class',
      )!
      return this.#database.run(
        'INSERT INTO class (id, name, colour, position) VALUES (?, ?, ?, ?)',
        id ?? null,
        name,
        checkColour(colour ?? classColour(next)),
        next,
      ).lastId
    })
  }

  /** Adds several classes at the end, as one step. Existing ones are skipped and returned. */
  addAll(names: readonly string[]): { ids: number[]; known: string[] } {
    const present = new Set(this.all().map(({ name }) => name))
    const fresh = [...new Set(names)].filter((name) => !present.has(name))
    const label = fresh.length === 1 ? `Add class ${fresh[0]}` : `Add ${fresh.length} classes`
    const ids = this.#history.change(label, () => fresh.map((name) => this.add(name)))
    return { ids, known: names.filter((name) => present.has(name)) }
  }

  /** Throws USAGE_CLASS, USAGE_CLASS_NAME. */
  rename(id: number, name: string): void {
    this.#history.change('Rename class', () => {
      const present = this.#require(id)
      if (present.name === name) return
      this.#checkName(name)
      this.#database.run('UPDATE class SET name = ? WHERE id = ?', name, id)
    })
  }

  /** Throws USAGE_CLASS, USAGE_COLOUR. */
  recolour(id: number, colour: string): void {
    this.#history.change('Change colour of class', () => {
      this.#require(id)
      this.#database.run('UPDATE class SET colour = ? WHERE id = ?', checkColour(colour), id)
    })
  }

  /** Takes the ids of all classes in their new order. Throws USAGE_CLASS if one is missing or foreign. */
  reorder(ids: readonly number[]): void {
    this.#history.change('Reorder classes', () => {
      const present = new Set(this.all().map(({ id }) => id))
      if (
        ids.length !== present.size ||
        new Set(ids).size !== ids.length ||
        !ids.every((id) => present.has(id))
      ) {
        throw new CodedError('USAGE_CLASS', 'A new order must name every class exactly once')
      }
      for (const [position, id] of ids.entries()) {
        this.#database.run('UPDATE class SET position = ? WHERE id = ?', position, id)
      }
    })
  }

  /** Gives the annotations of some classes to another, and removes those classes. Throws USAGE_CLASS. */
  merge(from: readonly number[], into: number): void {
    this.#history.change('Merge classes', () => {
      this.#require(into)
      for (const id of from) {
        this.#require(id)
        if (id === into) continue
        this.#database.run('UPDATE annotation SET class_id = ? WHERE class_id = ?', into, id)
        this.#database.run('UPDATE rejection SET class_id = ? WHERE class_id = ?', into, id)
        this.#database.run('DELETE FROM class WHERE id = ?', id)
      }
    })
  }

  /** Removes a class with its annotations, proposals included. Throws USAGE_CLASS. */
  remove(id: number): void {
    this.#history.change('Delete class', () => {
      this.#require(id)
      this.#database.run('DELETE FROM annotation WHERE class_id = ?', id)
      this.#database.run('DELETE FROM rejection WHERE class_id = ?', id)
      this.#database.run('DELETE FROM class WHERE id = ?', id)
    })
  }

  #has(id: number): boolean {
    return this.#database.get('SELECT 1 FROM class WHERE id = ?', id) !== undefined
  }

  #require(id: number): ProjectClass {
    const found = this.#database.get<ProjectClass>('SELECT id, name, colour FROM class WHERE id = ?', id)
    if (found === undefined) throw new CodedError('USAGE_CLASS', `There is no class ${id}`)
    return found
  }

  #checkName(name: string): void {
    if (!isClassName(name)) {
      throw new CodedError(
        'USAGE_CLASS_NAME',
        `${JSON.stringify(name)} cannot be the name of a class`,
        'A name must be one line without spaces at its ends',
      )
    }
    if (this.#database.get('SELECT 1 FROM class WHERE name = ?', name)) {
      throw new CodedError('USAGE_CLASS_NAME', `There is already a class ${name}`, 'Merge the two')
    }
  }
}

/** Names that every format can write and read again. */
const isClassName = (name: string): boolean =>
  name !== '' && name === name.trim() && name.isWellFormed() && !/\p{Cc}|[\ufffe\uffff]|\s{2,}/u.test(name)

function checkColour(colour: string): string {
  if (/^#[0-9a-f]{6}$/i.test(colour)) return colour.toLowerCase()
  throw new CodedError('USAGE_COLOUR', `${JSON.stringify(colour)} is not a colour`, 'Write it as #rrggbb')
}
