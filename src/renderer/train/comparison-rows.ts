/** What can be compared with one click: each detector, and FCOS with other answers to what ranks its boxes. */
import type { ComparisonRequest, RunPlan } from '../../core/contract/studio/runs.ts'
import { detectors } from '../../core/detectors/detectors.ts'
import { FCOS } from '../../core/detectors/fcos/index.ts'

type Options = RunPlan['options']

export interface ComparisonRow {
  readonly title: string
  readonly about: string
  readonly learnsOutlines: boolean
  readonly model: NonNullable<Options['model']>
  readonly learn?: 'quality'
  /** The title of the row whose model it starts from. */
  readonly after?: string
}

export const DETECTOR_ROWS: readonly ComparisonRow[] = detectors().map(
  ({ name, title, choice, learnsOutlines }) => ({
    ...{ title, about: `${choice}.`, learnsOutlines: learnsOutlines === true },
    model: { detector: name } as ComparisonRow['model'],
  }),
)

const fcos = (
  title: string,
  about: string,
  model: Pick<NonNullable<Options['model']>, 'head' | 'loss'>,
): ComparisonRow => ({
  title,
  about,
  learnsOutlines: false,
  model: { detector: FCOS.name, ...model } as never,
})

const WITHOUT = 'FCOS without centerness'

/** The other choices that the FCOS paper and its successors discuss. */
export const QUALITY_ROWS: readonly ComparisonRow[] = [
  fcos(WITHOUT, 'Boxes are ranked by their class scores alone.', { loss: { quality: 'none' } }),
  fcos('FCOS with IoU quality', 'The branch learns the IoU of its box instead of centerness.', {
    loss: { quality: 'iou' },
  }),
  fcos('FCOS, centerness beside classes', 'The branch lies on the classification tower.', {
    head: { centernessOn: 'classification' },
  }),
  fcos('FCOS, centerness on its own tower', 'The branch shares no features with classes or boxes.', {
    head: { centernessOn: 'own' },
  }),
  {
    title: 'FCOS, centerness trained alone',
    about: `A tower of its own learns centerness for the finished model of “${WITHOUT}”, which stays as it is.`,
    learnsOutlines: false,
    model: { head: { centernessOn: 'own' }, loss: { quality: 'centerness' } } as ComparisonRow['model'],
    learn: 'quality',
    after: WITHOUT,
  },
]

export const ROWS: readonly ComparisonRow[] = [...DETECTOR_ROWS, ...QUALITY_ROWS]

/** The chosen rows and those that they start from, in order. */
export function withStarts(chosen: ReadonlySet<string>): ReadonlySet<string> {
  const starts = ROWS.flatMap(({ title, after }) => (chosen.has(title) && after ? [after] : []))
  return new Set([...chosen, ...starts])
}

/** @param shared what all runs have in common */
export function comparisonOf(
  chosen: ReadonlySet<string>,
  shared: Pick<RunPlan, 'model' | 'learnFrom' | 'measureWith'>,
  training: NonNullable<Options['training']>,
  pinned: ComparisonRequest['pinned'],
): ComparisonRequest {
  const all = withStarts(chosen)
  const rows = ROWS.filter(({ title }) => all.has(title))
  return {
    pinned,
    entries: rows.map(({ title, model, learn, after }) => ({
      title,
      after: after === undefined ? null : rows.findIndex((row) => row.title === after),
      plan: {
        ...{ ...shared, overfit: null },
        options: { training: { ...training, ...(learn && { learn }) }, model },
      },
    })),
  }
}
