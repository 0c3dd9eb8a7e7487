/** Whether two runtimes find the same with the same model. */
import type { Agreement, ScoredBox } from '../../../core/contract/engine.ts'
import type { BoxXyxy } from '../../../core/geometry/box.ts'
import type { DetectionOptions } from '../detect/options.ts'

/** Pixels. */
const BOX = 0.1
const SCORE = 1e-4
/** An overlap this near to the threshold of NMS may fall on either side. */
const OVERLAP = 1e-3

export interface Differences {
  /** The largest difference between coordinates (of boxes and outlines), and between scores, of detections that are in both. */
  readonly box: number
  readonly score: number
  /** Detections that only one of them has, but for those that rounding decides. */
  readonly unmatched: number
}

/** @param arePeaks detections are cells that no neighbour exceeds: of two neighbours that are equal but for rounding, either may be one. */
export function differences(
  wanted: readonly ScoredBox[],
  found: readonly ScoredBox[],
  options: DetectionOptions,
  arePeaks = false,
): Differences {
  const left = new Set(found)
  const alone: ScoredBox[] = []
  let [box, score] = [0, 0]
  for (const one of wanted) {
    const twin = [...left].find((other) => isSame(one, other))
    if (!twin) {
      alone.push(one)
      continue
    }
    left.delete(twin)
    box = Math.max(box, apart(one, twin))
    score = Math.max(score, Math.abs(one.score - twin.score))
  }
  const all = [...wanted, ...found]
  const isSwapped = (one: ScoredBox, others: Iterable<ScoredBox>) =>
    arePeaks && [...others].some((other) => isNeighbour(one, other))
  const unmatched = [
    ...alone.filter((one) => !isSwapped(one, left)),
    ...[...left].filter((one) => !isSwapped(one, alone)),
  ].filter((one) => !isBorderline(one, all, wanted, options)).length
  return { box, score, unmatched }
}

const isSame = (a: ScoredBox, b: ScoredBox): boolean =>
  a.categoryId === b.categoryId && Math.abs(a.score - b.score) <= SCORE && apart(a, b) <= BOX

/** In pixels: a cell of stride 4 and the offsets of both. */
const NEAR = 8

function isNeighbour(a: ScoredBox, b: ScoredBox): boolean {
  const between = (axis: 0 | 1) => Math.abs(a.box[axis] + a.box[axis + 2] - b.box[axis] - b.box[axis + 2]) / 2
  return (
    a.categoryId === b.categoryId &&
    Math.abs(a.score - b.score) <= SCORE &&
    between(0) <= NEAR &&
    between(1) <= NEAR
  )
}

/** The largest difference of a coordinate of the boxes, and of the outlines where there are some. */
const apart = (a: ScoredBox, b: ScoredBox): number =>
  Math.max(farthest(a.box, b.box), farthest(outlineOf(a), outlineOf(b)))

const outlineOf = ({ segmentation }: ScoredBox): readonly number[] => segmentation?.flat() ?? []

const farthest = (a: readonly number[], b: readonly number[]): number =>
  a.length === b.length ? Math.max(0, ...a.map((value, i) => Math.abs(value - b[i]))) : Infinity

/** At the least score, at the score of the last that the limit lets through, or at NMS's threshold with a better one. */
function isBorderline(
  { box, score, categoryId }: ScoredBox,
  all: readonly ScoredBox[],
  wanted: readonly ScoredBox[],
  { score: least, nms, limit }: DetectionOptions,
): boolean {
  if (score - least <= SCORE) return true
  if (wanted.length === limit && score - wanted[limit - 1].score <= SCORE) return true
  return all.some(
    (other) =>
      other.categoryId === categoryId &&
      other.score >= score &&
      Math.abs(overlap(box, other.box) - nms) <= OVERLAP,
  )
}

function overlap([ax, ay, bx, by]: BoxXyxy, [cx, cy, dx, dy]: BoxXyxy): number {
  const shared =
    Math.max(0, Math.min(bx, dx) - Math.max(ax, cx)) * Math.max(0, Math.min(by, dy) - Math.max(ay, cy))
  return shared / ((bx - ax) * (by - ay) + (dx - cx) * (dy - cy) - shared)
}

/** A confident detection without a threshold of its class scores this much, as what is drawn in pictures does. */
const CONFIDENT = 0.4
/** Least IoU at which detections of the model and of the quantised one count as the same, and the largest difference of their scores. */
const LEAST_OVERLAP = 0.5
const MOST_SCORE_APART = 0.1

/** Counts, image by image, how far a quantised model agrees with the model itself; see Agreement. */
export class Agreeing {
  /** By the ids of the classes. */
  readonly #thresholds: ReadonlyMap<number, number>
  #confident = 0
  #found = 0
  #overlap = 0
  #score = 0

  /** @param thresholds [K] minimum score of each class. */
  constructor(classes: readonly { readonly id: number }[], thresholds: readonly number[] | undefined) {
    this.#thresholds = new Map(classes.map(({ id }, k) => [id, thresholds?.[k] ?? CONFIDENT]))
  }

  add(wanted: readonly ScoredBox[], found: readonly ScoredBox[]): void {
    this.#seek(wanted, found)
    this.#seek(found, wanted)
  }

  #seek(detections: readonly ScoredBox[], others: readonly ScoredBox[]): void {
    const left = new Set(others)
    for (const one of detections) {
      if (one.score < this.#thresholds.get(one.categoryId)!) continue
      this.#confident++
      let [best, most] = [null as ScoredBox | null, LEAST_OVERLAP]
      for (const other of left) {
        if (other.categoryId !== one.categoryId || Math.abs(other.score - one.score) > MOST_SCORE_APART)
          continue
        const shared = overlap(one.box, other.box)
        if (shared >= most) [best, most] = [other, shared]
      }
      if (!best) continue
      left.delete(best)
      this.#found++
      this.#overlap += most
      this.#score += Math.abs(best.score - one.score)
    }
  }

  get result(): Agreement {
    const mean = (sum: number) => (this.#found === 0 ? 0 : sum / this.#found)
    return {
      ...{ confident: this.#confident, found: this.#found },
      ...{ overlap: mean(this.#overlap), score: mean(this.#score) },
    }
  }
}
