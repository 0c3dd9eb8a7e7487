/** The window's names of metrics, kinds of findings and classes. */
import type { EvaluationEntry, Finding } from '../../core/contract/studio/evaluation.ts'
import { COCO_STATS } from '../../core/evaluation/coco-metrics.ts'
import { AREA_RANGES, MAX_DETECTIONS } from '../../core/evaluation/protocol.ts'
import type { ClassEntry } from '../session/controller-context.ts'

export type Kind = Finding['kind']

export const KIND_TITLES: Readonly<Record<Kind, string>> = {
  classification: 'Wrong class',
  localisation: 'Poor localisation',
  both: 'Wrong class and place',
  duplicate: 'Duplicate',
  background: 'Background',
  missed: 'Missed',
  'low score': 'Score too low',
  right: 'Correct',
  ignored: 'Ignored',
}

export const KIND_MEANINGS: Readonly<Record<Kind, string>> = {
  classification: 'The detection fits an object (IoU ≥ 0.5) of another class',
  localisation: 'The class is right, but the detection fits poorly: IoU from 0.1 to 0.5',
  both: 'The class is wrong, and the detection fits poorly: IoU from 0.1 to 0.5',
  duplicate: 'A detection with a higher score has already found the object',
  background: 'No labelled object overlaps it by more than IoU 0.1. A label may be missing',
  missed: 'No detection matches the object',
  'low score': 'The object is found, but with a score below the minimum',
  right: 'Same class, IoU ≥ 0.5',
  ignored: 'In a crowd region, or not among the 100 best detections of its image',
}

export interface StatTitle {
  readonly name: string
  readonly meaning: string
}

/** Names of the 12 COCO metrics: "AP50". */
export const STAT_TITLES: readonly StatTitle[] = COCO_STATS.map(({ kind, selection: { t, a, m } }) => {
  const area = AREA_RANGES[a]!.name
  const limit = MAX_DETECTIONS[m]!
  const iou = t === undefined ? null : t === 0 ? '50' : '75'
  const suffix = iou ?? (kind === 'AR' && area === 'all' ? String(limit) : '')
  const what = kind === 'AP' ? 'Average precision' : 'Average recall'
  const at = iou === null ? 'mean over IoU 0.50 to 0.95' : `at IoU 0.${iou}`
  const sizes: Record<string, string> = {
    all: 'objects of all sizes',
    small: 'objects up to 32² px',
    medium: 'objects from 32² to 96² px',
    large: 'objects from 96² px',
  }
  const name = `${kind}${suffix}${area === 'all' ? '' : ` ${area}`}`
  return { name, meaning: `${what}, ${at}, ${sizes[area]}, at most ${limit} detections per image and class` }
})

/** COCO's −1 means that there was nothing to measure. */
export const metric = (value: number): string => (value < 0 ? '–' : value.toFixed(3))

/** "AP 0.512", and of masks too where they can be compared. */
export const apOf = ({ stats, maskStats }: EvaluationEntry): string =>
  `AP ${metric(stats[0]!)}${maskStats ? `, of masks ${metric(maskStats[0]!)}` : ''}`

/** The difference with its sign; empty if either has no value. */
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
