/** The images of a project and what the user decided about them. The files themselves are never written. */
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
