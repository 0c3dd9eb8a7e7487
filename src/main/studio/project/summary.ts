/** The counts of a whole project, from one pass over its images; objects are counted per image by triggers. */
import { IMAGE_STATES, type ImageState, SPLITS, type Split } from '../../../core/project/model.ts'
import type { Project } from './project.ts'

export interface Summary {
  readonly images: number
  readonly byState: Readonly<Record<ImageState, number>>
  readonly bySplit: Readonly<Record<Split | 'none', number>>
  /** Annotations that are no proposals. */
  readonly labels: number
  readonly proposals: number
  /** Images whose file cannot be shown. */
  readonly errors: number
  /** Labels of what undo would take back and redo would do again. */
  readonly undo: string | null
  readonly redo: string | null
}

interface Row {
  readonly state: ImageState
  readonly split: Split | null
  readonly images: number
  readonly labels: number
  readonly proposals: number
  readonly errors: number
}

export function summarise({ database, history }: Project): Summary {
  const rows = database.all<Row>(
    `SELECT state, split, count(*) AS images, sum(labels) AS labels, sum(proposed) AS proposals, count(error) AS errors
     FROM image GROUP BY state, split`,
  )
  const sum = (count: keyof Row, of: (row: Row) => boolean = () => true): number =>
    rows.reduce((total, row) => (of(row) ? total + Number(row[count]) : total), 0)
  const record = <Key extends string>(keys: readonly Key[], of: (row: Row, key: Key) => boolean) =>
    Object.fromEntries(keys.map((key) => [key, sum('images', (row) => of(row, key))])) as Record<Key, number>
  return {
    images: sum('images'),
    byState: record(IMAGE_STATES, ({ state }, key) => state === key),
    bySplit: record([...SPLITS, 'none'], ({ split }, key) => (split ?? 'none') === key),
    labels: sum('labels'),
    proposals: sum('proposals'),
    errors: sum('errors'),
    ...history.next(),
  }
}
