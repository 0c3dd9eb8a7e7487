/** The counts of a whole project, each from an index that is all counting reads: milliseconds for a million boxes. */
import { IMAGE_STATES, type ImageState, SPLITS, type Split } from '../../../core/project/model.ts'
import type { Project } from './project.ts'

export interface Summary {
  readonly images: number
  readonly byState: Readonly<Record<ImageState, number>>
  readonly bySplit: Readonly<Record<Split | 'none', number>>
  /** Annotations that are no proposals. */
  readonly labels: number
  /** Images that a detector learns from (LABELLED_IMAGES). */
  readonly labelledImages: number
  readonly proposals: number
  /** Images whose file cannot be shown. */
  readonly errors: number
  /** Images that were removed from the project. */
  readonly removed: number
  /** Labels of what undo would take back and redo would do again. */
  readonly undo: string | null
  readonly redo: string | null
}

interface Row {
  readonly state: ImageState
  readonly split: Split | null
  readonly images: number
}

const isLabelled = (state: ImageState): boolean => state === 'in-progress' || state === 'done'

export function summarise({ database, history }: Project): Summary {
  const rows = database.all<Row>('SELECT state, split, count(*) AS images FROM image GROUP BY state, split')
  const sum = (of: (row: Row) => boolean = () => true): number =>
    rows.reduce((total, row) => (of(row) ? total + row.images : total), 0)
  const record = <Key extends string>(keys: readonly Key[], of: (row: Row, key: Key) => boolean) =>
    Object.fromEntries(keys.map((key) => [key, sum((row) => of(row, key))])) as Record<Key, number>
  const count = (rest: string): number =>
    database.get<{ count: number }>(`SELECT count(*) AS count FROM ${rest}`)!.count
  const proposals = count(`annotation WHERE source = 'proposed'`)
  return {
    images: sum(),
    byState: record(IMAGE_STATES, ({ state }, key) => state === key),
    bySplit: record([...SPLITS, 'none'], ({ split }, key) => (split ?? 'none') === key),
    labelledImages:
      sum(({ state }) => isLabelled(state)) -
      count(`image WHERE error IS NOT NULL AND state IN ('in-progress', 'done')`),
    labels: count('annotation') - proposals,
    proposals,
    errors: count('image WHERE error IS NOT NULL'),
    removed: count('removed'),
    ...history.next(),
  }
}
