/** Which boxes of a data set each of several detectors could learn, and which detector suits them best, with the reasons. */
import { detectorOf } from '../detectors/detectors.ts'
import type { Category, DatasetImage } from '../formats/dataset.ts'
import { countOf } from '../words.ts'
import { type ImageInspection, imageInspector } from './image.ts'
import { unlearnable } from './reasons.ts'
import { enoughLocations, SIZE_CLASSES, sizeClass } from './report.ts'
import { type InputSetting, isSized } from './setting.ts'

/** What a detector makes of some boxes. */
export interface DetectorCount {
  readonly boxes: number
  /** Boxes that at least one of its cells learns. */
  readonly learnable: number
  /** Cells that learn a box, over all boxes; half of the learnable ones have at least the median. */
  readonly positives: number
  readonly median: number | null
  /** Boxes with a few cells only, by the detector's own measure. */
  readonly starved: number
  /** Boxes that would have cells if no other box took them all. */
  readonly robbed: number
  /** Why boxes are not learned, the commonest cause first. */
  readonly causes: readonly { readonly title: string; readonly boxes: number }[]
}

export interface ComparedDetector {
  readonly name: string
  readonly title: string
  /** What its cells are, in plural. */
  readonly places: string
  /** Whether a box may have too few of them: not where one is what every box has. */
  readonly starves: boolean
  readonly all: DetectorCount
  /** In the order of the data set's classes, those without boxes too. */
  readonly perCategory: readonly DetectorCount[]
  /** In the order of SIZE_CLASSES. */
  readonly perSize: readonly DetectorCount[]
}

class Counter {
  readonly #counts: number[] = []
  readonly #causes = new Map<string, number>()
  #robbed = 0

  add(positives: number, obstacle: { readonly cause: string; readonly title: string } | null): void {
    this.#counts.push(positives)
    if (!obstacle) return
    if (obstacle.cause === 'lost') this.#robbed++
    this.#causes.set(obstacle.title, (this.#causes.get(obstacle.title) ?? 0) + 1)
  }

  result(few: number): DetectorCount {
    const learned = this.#counts.filter((count) => count > 0).sort((a, b) => a - b)
    return {
      boxes: this.#counts.length,
      learnable: learned.length,
      positives: learned.reduce((sum, count) => sum + count, 0),
      median: learned[Math.floor(learned.length / 2)] ?? null,
      starved: learned.filter((count) => count < few).length,
      robbed: this.#robbed,
      causes: [...this.#causes]
        .map(([title, boxes]) => ({ title, boxes }))
        .sort((a, b) => b.boxes - a.boxes || a.title.localeCompare(b.title)),
    }
  }
}

/** Adds up image after image. Images of unknown size do not count. */
export class DetectorComparison {
  readonly #detectors: readonly {
    readonly setting: InputSetting
    readonly inspect: (image: DatasetImage) => ImageInspection
    readonly all: Counter
    readonly perCategory: ReadonlyMap<number, Counter>
    readonly perSize: readonly Counter[]
  }[]

  /** @param settings of each detector, in the order of the result */
  constructor(categories: readonly Category[], settings: readonly InputSetting[]) {
    this.#detectors = settings.map((setting) => ({
      setting,
      inspect: imageInspector(setting),
      all: new Counter(),
      perCategory: new Map(categories.map(({ id }) => [id, new Counter()])),
      perSize: SIZE_CLASSES.map(() => new Counter()),
    }))
  }

  add(image: DatasetImage): void {
    if (!isSized(image)) return
    for (const { inspect, all, perCategory, perSize } of this.#detectors) {
      const { targets, shares, assignment, matched } = inspect(image)
      for (const [gt, [, annotation]] of targets.entries()) {
        const positives = shares.positives[gt]
        const obstacle = positives > 0 ? null : unlearnable(assignment, gt, matched)
        for (const group of [all, perCategory.get(annotation.categoryId), perSize[sizeClass(annotation)]])
          group?.add(positives, obstacle)
      }
    }
  }

  result(): ComparedDetector[] {
    return this.#detectors.map(({ setting, all, perCategory, perSize }) => {
      const detector = detectorOf(setting)
      const few = enoughLocations(detector)
      return {
        ...{ name: detector.name, title: detector.title },
        places: detector.cellsPerLocation === 1 ? 'locations' : 'anchors',
        starves: few > 1,
        all: all.result(few),
        perCategory: [...perCategory.values()].map((one) => one.result(few)),
        perSize: perSize.map((one) => one.result(few)),
      }
    })
  }
}

type Candidate = Pick<ComparedDetector, 'title' | 'places' | 'starves'> & { readonly count: DetectorCount }

export interface Verdict {
  /** Titles of the detectors that suit, in the order given. */
  readonly suits: readonly string[]
  /** A sentence of each detector, in the order given. */
  readonly reasons: readonly string[]
}

/** Shares of recall and of starved boxes that are no further apart count as equal. */
const EQUAL = 0.005

/**
 * Which detectors suit some boxes: those whose recall is the highest or 0.5 % below it, and of them those that starve no larger
 * share of the boxes than another, to 0.5 %. A detector that means one cell for each box can starve none: it is judged by recall alone, and
 * takes nothing from the others. What can be learned is not yet what will be: that only training says. Null without boxes.
 */
export function verdict(candidates: readonly Candidate[]): Verdict | null {
  const boxes = candidates[0]?.count.boxes ?? 0
  if (boxes === 0) return null
  const best = Math.max(...candidates.map(({ count }) => count.learnable))
  const able = candidates.filter(({ count }) => best - count.learnable <= EQUAL * boxes)
  const fewest = Math.min(...able.flatMap(({ starves, count }) => (starves ? [count.starved] : [])))
  return {
    suits: able
      .filter(({ starves, count }) => !starves || count.starved - fewest <= EQUAL * boxes)
      .map(({ title }) => title),
    reasons: candidates.map(reasonOf),
  }
}

/** "ATSS learns 38 of 40 boxes, most by 9 locations or more, 1 starved; not 2: no location inside (1), …" */
function reasonOf({ title, places, starves, count }: Candidate): string {
  const { boxes, learnable, median, starved, causes } = count
  const each =
    !starves || median === null
      ? ''
      : `, a box by ${median} ${median === 1 ? places.slice(0, -1) : places} (median)`
  const few = !starves ? ', each by one location' : starved > 0 ? `, ${starved} starved` : ''
  const why = causes.map(({ title: cause, boxes: n }) => `${cause} (${n})`).join(', ')
  return `${title} learns ${learnable} of ${countOf(boxes, 'box')}${each}${few}${why && `; not: ${why}`}`
}
