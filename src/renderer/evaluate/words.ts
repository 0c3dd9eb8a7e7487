/** What a student reads: names of numbers, kinds and images. */
import type { Finding } from '../../core/contract/studio/evaluation.ts'
import { COCO_STATS } from '../../core/evaluation/coco-metrics.ts'
import { AREA_RANGES, MAX_DETECTIONS } from '../../core/evaluation/protocol.ts'
import type { ClassEntry } from '../session/controller-context.ts'

export type Kind = Finding['kind']

export const KIND_TITLES: Readonly<Record<Kind, string>> = {
  classification: 'Wrong class',
  localisation: 'Badly placed',
  both: 'Wrong class and place',
  duplicate: 'Found twice',
  background: 'Nothing there',
  missed: 'Missed',
  'low score': 'Score too low',
  right: 'Right',
  ignored: 'Does not count',
}

export const KIND_MEANINGS: Readonly<Record<Kind, string>> = {
  classification: 'The box fits an object (IoU ≥ 0.5) of another class',
  localisation: 'The class is right, but the box fits badly: IoU from 0.1 to 0.5',
  both: 'Another class, and the box fits badly',
  duplicate: 'The object was found already by a detection with a higher score',
  background: 'No object overlaps it by more than IoU 0.1. Or somebody forgot to label it',
  missed: 'No detection comes near the object',
  'low score': 'It is found, but below the score that counts here',
  right: 'Found: same class, IoU ≥ 0.5',
  ignored: 'In a crowd, or past the 100 best of its image',
}

export interface StatTitle {
  readonly name: string
  readonly meaning: string
}

/** Of the 12 COCO numbers: "AP 50". */
export const STAT_TITLES: readonly StatTitle[] = COCO_STATS.map(({ kind, selection: { t, a, m } }) => {
  const area = AREA_RANGES[a]!.name
  const limit = MAX_DETECTIONS[m]!
  const iou = t === undefined ? null : t === 0 ? '50' : '75'
  const parts = [iou, area === 'all' ? null : area, kind === 'AR' && area === 'all' ? limit : null]
  const what = kind === 'AP' ? 'Average precision' : 'Average recall'
  const at = iou === null ? 'mean over IoU 0.50 to 0.95' : `at IoU 0.${iou}`
  const sizes: Record<string, string> = {
    all: 'objects of all sizes',
    small: 'objects up to 32² px',
    medium: 'objects from 32² to 96² px',
    large: 'objects from 96² px',
  }
  const name = [kind, ...parts.filter((part) => part !== null)].join(' ')
  return { name, meaning: `${what}, ${at}, ${sizes[area]}, at most ${limit} detections per image` }
})

/** −1 is COCO's word for nothing to measure. */
export const metric = (value: number): string => (value < 0 ? '–' : value.toFixed(3))

/** With its sign; empty where one of the two has no number. */
export const difference = (value: number, other: number): string =>
  value < 0 || other < 0 ? '' : `${value < other ? '−' : '+'}${Math.abs(value - other).toFixed(3)}`

export const classNames =
  (classes: ReadonlyMap<number, ClassEntry>) =>
  (id: number | null): string =>
    id === null ? 'background' : (classes.get(id)?.name ?? `class ${id}`)

/** One line on a finding: "Wrong class: cell 0.87 where platelet is labelled, IoU 0.62". */
export function sentence({ kind, detected, object, iou }: Finding, nameOf: (id: number) => string): string {
  const said = detected && `${nameOf(detected.classId)} ${detected.score.toFixed(2)}`
  const there = object && `${nameOf(object.classId)} is labelled`
  const both = said && there ? `${said} where ${there}, IoU ${iou.toFixed(2)}` : (said ?? there)
  return `${KIND_TITLES[kind]}: ${both}`
}
