/** The images of a project and what the user decided about them. The files themselves are never written. */
import { CodedError } from '../../../core/errors.ts'
import type { ImageState, ProjectImage, Split } from '../../../core/project/model.ts'
import { stratifiedSplit } from '../../../core/project/stratified-split.ts'
import type { Database } from './database.ts'
import type { History } from './history.ts'

const COLUMNS = 'image.id, image.path, width, height, error, state, split, labels, proposed AS proposals'

export interface SplitOptions {
  /** Images to assign; by default all that are not ignored. Others keep their split. */
  readonly images?: readonly number[]
  /** Shares of the images, in any unit; a share of 0 leaves a split empty. */
  readonly shares: Readonly<Record<Split, number>>
  readonly seed: number
}

export class Images {
  readonly #database: Database
  readonly #history: History

  constructor(database: Database, history: History) {
    this.#database = database
    this.#history = history
  }

  count(): number {
    return this.#database.get<{ count: number }>('SELECT count(*) AS count FROM image')!.count
  }

  get(id: number): ProjectImage | undefined {
    return this.#database.get(`SELECT ${COLUMNS} FROM image WHERE id = ?`, id)
  }

  /** Whether no image has the id, nor one that was removed and may come back. */
  isFree(id: number): boolean {
    const taken = 'SELECT 1 FROM image WHERE id = ?1 UNION ALL SELECT 1 FROM removed WHERE id = ?1'
    return this.#database.get(taken, id) === undefined
  }

  /** In the order of the ids; ids that name nothing are passed over. */
  list(ids: readonly number[]): ProjectImage[] {
    return this.#database.all(
      `SELECT ${COLUMNS} FROM json_each(?) AS wanted JOIN image ON image.id = wanted.value ORDER BY wanted.key`,
      JSON.stringify(ids),
    )
  }

  setState(ids: readonly number[], state: ImageState): void {
    this.#history.change('Change state of images', () => {
      this.#database.run(
        'UPDATE image SET state = ? WHERE id IN (SELECT value FROM json_each(?))',
        state,
        JSON.stringify(ids),
      )
    })
  }

  setSplit(ids: readonly number[], split: Split | null): void {
    this.#history.change('Change split of images', () => {
      this.#database.run(
        'UPDATE image SET split = ? WHERE id IN (SELECT value FROM json_each(?))',
        split,
        JSON.stringify(ids),
      )
    })
  }

  /**
   * Takes images out of the project, with their annotations. Their files stay where they are, and no scan brings them
   * back. Ids that name nothing are passed over.
   */
  remove(ids: readonly number[]): void {
    const list = JSON.stringify(ids)
    this.#history.change(ids.length === 1 ? 'Remove image' : 'Remove images', () => {
      for (const table of ['annotation', 'rejection']) {
        this.#database.run(`DELETE FROM ${table} WHERE image_id IN (SELECT value FROM json_each(?))`, list)
      }
      this.#database.run(
        'INSERT INTO removed (id) SELECT id FROM image WHERE id IN (SELECT value FROM json_each(?))',
        list,
      )
    })
  }

  /**
   * Brings back all images that were removed, and returns their ids. Only undo restores their labels. Here the labels
   * are gone, so the images are marked as new: if they were done and empty, they would count as showing no objects.
   */
  restore(): number[] {
    return this.#history.change('Restore images', () => {
      const ids = this.#database.all<{ id: number }>('SELECT id FROM removed').map(({ id }) => id)
      this.#database.run('DELETE FROM removed')
      this.#database.run(
        `UPDATE image SET state = 'new' WHERE state <> 'ignored' AND id IN (SELECT value FROM json_each(?))`,
        JSON.stringify(ids),
      )
      return ids
    })
  }

  /** Gives all labels of images one class; proposals stay. Throws USAGE_CLASS. */
  setClass(ids: readonly number[], classId: number): void {
    this.#history.change('Change class of boxes', () => {
      if (!this.#database.get('SELECT 1 FROM class WHERE id = ?', classId))
        throw new CodedError('USAGE_CLASS', `There is no class ${classId}`)
      this.#database.run(
        `UPDATE annotation SET class_id = ?
         WHERE source <> 'proposed' AND image_id IN (SELECT value FROM json_each(?))`,
        classId,
        JSON.stringify(ids),
      )
    })
  }

  /**
   * Divides images among train, val and test so that every class is divided in the same proportions, the same for the
   * same seed. Files with equal bytes come into the same split: a copy of a training image would be no test.
   */
  assignSplits({ images, shares, seed }: SplitOptions): void {
    this.#history.change('Divide images', () => {
      const rows = this.#database.all<{ id: number; hash: Uint8Array | null; classes: string }>(
        `SELECT id, hash, (SELECT json_group_array(DISTINCT class_id) FROM annotation
           WHERE image_id = image.id AND source <> 'proposed') AS classes
         FROM image
         WHERE ${images ? 'id IN (SELECT value FROM json_each(?))' : `? IS NULL AND state <> 'ignored'`}
         ORDER BY path`,
        images ? JSON.stringify(images) : null,
      )
      const copies = Map.groupBy(rows, ({ id, hash }) => (hash ? Buffer.from(hash).toString('hex') : id))
      const groups = [...copies.values()].map((group) => ({
        ids: group.map(({ id }) => id),
        labels: [...new Set(group.flatMap(({ classes }) => JSON.parse(classes) as number[]))],
      }))
      for (const [split, members] of stratifiedSplit(groups, shares, seed)) {
        this.setSplit(
          members.flatMap(({ ids }) => ids),
          split,
        )
      }
    })
  }

  /** Notes why an image cannot be shown, found while reading it; null once it can be. The next scan reads the file anew. */
  setError(id: number, reason: string | null): void {
    this.#database.run('UPDATE image SET error = ?, modified = NULL WHERE id = ?', reason, id)
  }
}
