/** Best possible recall with other input sizes and radii, and which of them to choose. */

import type { Assignment } from '../detectors/assigner.ts'
import type { Category, DatasetImage } from '../formats/dataset.ts'
import { countOf } from '../words.ts'
import { learnedBoxes } from './reasons.ts'
import type { RecallCount } from './report.ts'
import {
  assignmentOf,
  fcosRules,
  type InputSetting,
  inputBoxes,
  inputDetails,
  isSized,
  perInputSize,
  targetAnnotations,
} from './setting.ts'

/** Short sides in pixels. */
const INPUT_SIZES = [256, 320, 416, 512, 640, 800, 1024, 1280]
/** Strides; 0 is off. */
const RADII = [1, 1.5, 2, 2.5, 3, 0]
/** Recall at which nothing needs to be changed. FCOS's own on COCO is 0.984 (table 1). */
export const ENOUGH = 0.99

/** A value of the ladder with the setting that it makes. */
export interface Rung {
  readonly value: number
  readonly setting: InputSetting
}

export interface MeasuredRung {
  readonly value: number
  readonly recall: Readonly<RecallCount>
}

/** The present short side and the larger ones, the long side in proportion. */
export function sizeLadder(setting: InputSetting): Rung[] {
  const { input } = setting
  const present = input.shortSide
  return [present, ...INPUT_SIZES.filter((side) => side > present)].map((value) => {
    const longSide = Math.round((input.longSide * value) / present)
    return { value, setting: { ...setting, input: { shortSide: value, longSide } } }
  })
}

/** Radii of center sampling, the present one among them; off comes last. None of a detector without it. */
export function radiusLadder(setting: InputSetting): Rung[] {
  const rules = fcosRules(setting)
  if (rules === null) return []
  return [...new Set([...RADII, rules.radius])]
    .sort((a, b) => (a || Number.POSITIVE_INFINITY) - (b || Number.POSITIVE_INFINITY))
    .map((value) => ({ value, setting: { ...setting, rules: { ...rules, radius: value } } }))
}

/** Best possible recall with one setting, image after image. Images of unknown size do not count. */
export class RecallMeter {
  readonly #setting: InputSetting
  readonly #scratch: ReturnType<typeof perInputSize<Int32Array<ArrayBuffer>>>
  readonly recall: RecallCount = { boxes: 0, learnable: 0 }
  /** Boxes of each class, and those of them that some location learns as this class, by its id. */
  readonly perClass = new Map<number, { boxes: number; positive: number }>()

  constructor(setting: InputSetting) {
    this.#setting = setting
    this.#scratch = perInputSize(setting, (_, cells) => new Int32Array(cells))
  }

  add(image: DatasetImage): void {
    if (!isSized(image)) return
    const { input } = this.#setting
    const targets = targetAnnotations(image).map(([, annotation]) => annotation)
    if (targets.length === 0) return
    const boxes = inputBoxes(
      image,
      targets.map(({ box }) => box),
      input,
    )
    const details = inputDetails(
      image,
      targets.map(({ segmentation }) => segmentation),
      input,
    )
    const { layout, made: matched } = this.#scratch(image)
    const assignment = assignmentOf(this.#setting, layout, boxes, details)
    const learned = new Set(learnedBoxes(assignment, assignment.assign(matched)))
    this.recall.boxes += targets.length
    this.recall.learnable += learned.size
    for (const [gt, { categoryId }] of targets.entries()) {
      const count = this.perClass.get(categoryId) ?? { boxes: 0, positive: 0 }
      this.perClass.set(categoryId, count)
      count.boxes++
      if (learned.has(gt) || (assignment.learnsAllClasses && hasCell(assignment, gt))) count.positive++
    }
  }
}

function hasCell(assignment: Assignment, gt: number): boolean {
  let found = false
  assignment.eligible(gt, () => {
    found = true
  })
  return found
}

/** Number of classes that a sentence names. */
const MOST_NAMED = 6

/** "Classes that train nothing yet: cat (no boxes), dog (no location learns any of its 3 boxes)"; null where every class has positives. */
export function classesWithoutPositives(
  categories: readonly Category[],
  { perClass }: Pick<RecallMeter, 'perClass'>,
): string | null {
  const without = categories.flatMap(({ id, name }) => {
    const { boxes, positive } = perClass.get(id) ?? { boxes: 0, positive: 0 }
    if (positive > 0) return []
    if (boxes === 0) return [`${name} (no boxes)`]
    return [`${name} (no location learns ${boxes === 1 ? 'its box' : `any of its ${countOf(boxes, 'box')}`})`]
  })
  if (without.length === 0) return null
  const more = without.length > MOST_NAMED ? ` and ${without.length - MOST_NAMED} more` : ''
  return `Classes that train nothing yet: ${without.slice(0, MOST_NAMED).join(', ')}${more}`
}

/** Recall with other values of one setting, and the value to choose; null without boxes. */
export interface Ladder {
  readonly present: number
  readonly measured: readonly MeasuredRung[]
  readonly suggestion: Suggestion | null
}

/** Measures all rungs of a ladder, image after image. */
export class LadderMeter {
  readonly #present: number
  readonly #rungs: readonly { readonly value: number; readonly meter: RecallMeter }[]

  constructor(rungs: readonly Rung[], present: number) {
    this.#present = present
    this.#rungs = rungs.map(({ value, setting }) => ({ value, meter: new RecallMeter(setting) }))
  }

  add(image: DatasetImage): void {
    for (const { meter } of this.#rungs) meter.add(image)
  }

  result(): Ladder {
    const measured = this.#rungs.map(({ value, meter }) => ({ value, recall: meter.recall }))
    return { present: this.#present, measured, suggestion: suggest(measured, this.#present) ?? null }
  }
}

export interface Suggestion extends MeasuredRung {
  /** In recall, from the present value: 0.02 is two points. */
  readonly gain: number
}

/**
 * The rung to take: the present one if its recall is enough (99 %), else the nearest to it on the ladder of which that is
 * true, else the one of highest recall, of equals the nearest. Undefined without boxes.
 */
export function suggest(measured: readonly MeasuredRung[], present: number): Suggestion | undefined {
  const share = ({ recall }: MeasuredRung): number => recall.learnable / recall.boxes
  if (measured.length === 0) return undefined
  const at = measured.findIndex(({ value }) => value === present)
  const now = share(measured[at])
  if (Number.isNaN(now)) return undefined
  const nearestFirst = [...measured.keys()]
    .sort((a, b) => Math.abs(a - at) - Math.abs(b - at))
    .map((i) => measured[i])
  const best =
    nearestFirst.find((rung) => share(rung) >= ENOUGH) ??
    nearestFirst.reduce((best, rung) => (share(rung) > share(best) ? rung : best))
  return { ...best, gain: share(best) - now }
}
