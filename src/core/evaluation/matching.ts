/**
 * Which detections find an object: pycocotools' greedy matching (`COCOeval.evaluateImg`), in one visit per image and
 * category for all IoU thresholds and size classes.
 */
import { type Group, groups } from './groups.ts'
import { fillIous } from './ious.ts'
import { AREA_RANGES, IOU_THRESHOLDS, MATCHED_DETECTIONS } from './protocol.ts'
import type { Tables } from './tables.ts'

const T = IOU_THRESHOLDS.length
const A = AREA_RANGES.length
const EVERY_THRESHOLD = (1 << T) - 1

export interface Matches {
  /** [A·rows]; bit t is set where the detection found an object (or an ignored one) at IoU threshold t. */
  readonly matched: Uint16Array
  /** [A·rows]; bit t is set where the detection counts neither as right nor as wrong. */
  readonly ignored: Uint16Array
  /** [rows] place of the detection among those of its image and category, 0 for the best score. */
  readonly place: Uint32Array
  /** [K·A] objects to be found: neither crowd nor outside the size class. */
  readonly positives: Uint32Array
}

/** Matches every image and category. Detections past the protocol's limit per image stay unmatched; their place tells. */
export function match(tables: Tables): Matches {
  const matcher = new Matcher(tables)
  for (const group of groups(tables)) matcher.match(group)
  return matcher.matches
}

class Matcher {
  readonly matches: Matches
  private readonly tables: Tables
  /** Of the group at hand: IoU [D, G]; objects in visiting order; by place in that order, 1 where already found. */
  private ious = new Float64Array(0)
  private visit = new Uint32Array(0)
  private taken = new Uint8Array(0)

  constructor(tables: Tables) {
    const { rows } = tables.detections
    this.tables = tables
    this.matches = {
      matched: new Uint16Array(A * rows),
      ignored: new Uint16Array(A * rows),
      place: new Uint32Array(rows),
      positives: new Uint32Array(tables.categoryIds.length * A),
    }
  }

  match(group: Group): void {
    const { groundTruth, detections } = this.tables
    const { k, gStart, gEnd, dStart, dEnd } = group
    const G = gEnd - gStart
    const D = Math.min(dEnd - dStart, MATCHED_DETECTIONS)
    for (let d = dStart; d < dEnd; d++) this.matches.place[d] = d - dStart
    this.reserve(G, D)
    fillIous(groundTruth, detections, group, D, this.ious)
    for (let a = 0; a < A; a++) {
      const real = this.orderVisits(group, a)
      this.matches.positives[k * A + a]! += real
      const column = a * detections.rows + dStart
      for (let t = 0; t < T; t++) this.assign(group, D, real, t, column)
      this.ignoreOtherSizes(dStart, D, a, column)
    }
  }

  private reserve(G: number, D: number): void {
    if (this.ious.length < G * D) this.ious = new Float64Array(2 * G * D)
    if (this.visit.length < G) {
      this.visit = new Uint32Array(2 * G)
      this.taken = new Uint8Array(2 * G)
    }
  }

  /** Lists the objects that are to be found, then the ignored ones; returns how many are to be found. */
  private orderVisits({ gStart, gEnd }: Group, a: number): number {
    const { areas, crowd } = this.tables.groundTruth
    const { min, max } = AREA_RANGES[a]!
    const G = gEnd - gStart
    let real = 0
    let ignored = G
    for (let g = 0; g < G; g++) {
      const area = areas[gStart + g]!
      if (crowd[gStart + g] === 0 && area >= min && area <= max) this.visit[real++] = g
      else this.visit[--ignored] = g
    }
    // The ignored ones were filled in from the end; the source's order decides between equal IoUs.
    this.visit.subarray(real, G).reverse()
    return real
  }

  /** Gives each detection, best score first, the object that it fits best at IoU threshold t. */
  private assign({ gStart, gEnd }: Group, D: number, real: number, t: number, column: number): void {
    const { matched, ignored } = this.matches
    const G = gEnd - gStart
    this.taken.fill(0, 0, G)
    for (let d = 0; d < D; d++) {
      const found = this.bestObject(d * G, gStart, G, real, IOU_THRESHOLDS[t]!)
      if (found < 0) continue
      this.taken[found] = 1
      matched[column + d]! |= 1 << t
      if (found >= real) ignored[column + d]! |= 1 << t
    }
  }

  /**
   * Place in visiting order of the object with the highest IoU, of equals the last as in pycocotools; −1 where none
   * that is free reaches the threshold. An ignored object is taken only where no real one is.
   */
  private bestObject(iouRow: number, gStart: number, G: number, real: number, threshold: number): number {
    const { crowd } = this.tables.groundTruth
    let best = threshold
    let found = -1
    for (let v = 0; v < G; v++) {
      if (v === real && found >= 0) break
      const g = this.visit[v]!
      // A crowd takes any number of detections.
      if (this.taken[v] === 1 && crowd[gStart + g] === 0) continue
      const iou = this.ious[iouRow + g]!
      if (iou < best) continue
      best = iou
      found = v
    }
    return found
  }

  /** A detection that found nothing counts as wrong only among those of its own size. */
  private ignoreOtherSizes(dStart: number, D: number, a: number, column: number): void {
    const { matched, ignored } = this.matches
    const { min, max } = AREA_RANGES[a]!
    for (let d = 0; d < D; d++) {
      const area = this.tables.detections.areas[dStart + d]!
      if (area < min || area > max) ignored[column + d]! |= EVERY_THRESHOLD & ~matched[column + d]!
    }
  }
}
