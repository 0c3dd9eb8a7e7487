/** pycocotools' greedy matching (`COCOeval.evaluateImg`) of one image and category at a time. */
import type { Group } from './groups.ts'
import { fillIous } from './ious.ts'
import { AREA_RANGES, MATCHED_DETECTIONS } from './protocol.ts'
import type { Tables } from './tables.ts'

/** Stands for "no object" in the results. */
export const NOTHING = -1

/** Used in steps: `open` a group, `select` a size class, `assign` at a threshold; then read `found`. */
export class GroupMatcher {
  /** [D] by detection, its object's place in visiting order, or NOTHING. */
  readonly found = new Int32Array(MATCHED_DETECTIONS)
  private readonly tables: Tables
  private gStart = 0
  private G = 0
  private D = 0
  /** Number of objects to be found; they are visited before the ignored ones. */
  private wanted = 0
  /** IoU [D, G]; objects in visiting order; by place in that order, 1 where already found. */
  private ious = new Float64Array(0)
  private visit = new Uint32Array(0)
  private taken = new Uint8Array(0)
  private highest = 0

  constructor(tables: Tables) {
    this.tables = tables
  }

  /** Takes up a group; returns D, how many of its detections are matched at all. */
  open(group: Group): number {
    const { groundTruth, detections } = this.tables
    this.gStart = group.gStart
    this.G = group.gEnd - group.gStart
    this.D = Math.min(group.dEnd - group.dStart, MATCHED_DETECTIONS)
    this.reserve()
    this.highest = fillIous(groundTruth, detections, group, this.D, this.ious)
    return this.D
  }

  /** Whether any detection of the group finds an object at this threshold. */
  reaches(threshold: number): boolean {
    return this.highest >= threshold
  }

  private reserve(): void {
    const { G, D } = this
    if (this.ious.length < G * D) this.ious = new Float64Array(2 * G * D)
    if (this.visit.length < G) {
      this.visit = new Uint32Array(2 * G)
      this.taken = new Uint8Array(2 * G)
    }
  }

  /** Lists the objects of size class a, which are to be found, then the ignored ones; returns how many are to be found. */
  select(a: number): number {
    const { areas, crowd } = this.tables.groundTruth
    const { min, max } = AREA_RANGES[a]!
    const { G, gStart } = this
    let wanted = 0
    let ignored = G
    for (let g = 0; g < G; g++) {
      const area = areas[gStart + g]!
      if (crowd[gStart + g] === 0 && area >= min && area <= max) this.visit[wanted++] = g
      else this.visit[--ignored] = g
    }
    // The ignored objects were filled in from the end and are reversed here, because the source's order decides
    // between equal IoUs.
    this.visit.subarray(wanted, G).reverse()
    this.wanted = wanted
    return wanted
  }

  /** Assigns to each detection, best score first, the free object with the highest IoU that reaches the threshold. */
  assign(threshold: number): void {
    this.taken.fill(0, 0, this.G)
    for (let d = 0; d < this.D; d++) {
      const found = this.bestObject(d * this.G, threshold)
      this.found[d] = found
      if (found !== NOTHING) this.taken[found] = 1
    }
  }

  /** Row of the object at a place in visiting order. */
  objectAt(place: number): number {
    return this.gStart + this.visit[place]!
  }

  /**
   * Place in visiting order of the object with the highest IoU, of equals the last as in pycocotools; NOTHING where
   * none that is free reaches the threshold. An ignored object is taken only where no wanted one is.
   */
  private bestObject(iouRow: number, threshold: number): number {
    const { crowd } = this.tables.groundTruth
    const { G, gStart, wanted } = this
    let best = threshold
    let found = NOTHING
    for (let v = 0; v < G; v++) {
      if (v === wanted && found !== NOTHING) break
      const g = this.visit[v]!
      // Any number of detections may match a crowd.
      if (this.taken[v] === 1 && crowd[gStart + g] === 0) continue
      const iou = this.ious[iouRow + g]!
      if (iou < best) continue
      best = iou
      found = v
    }
    return found
  }
}
