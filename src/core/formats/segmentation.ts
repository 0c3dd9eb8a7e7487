import { z } from 'zod'
import type { BoxXyxy } from '../geometry/box.ts'
import type { Segmentation } from './dataset.ts'
import type { ProblemLog } from './problems.ts'

const Polygons = z.array(z.array(z.number()))
const Rle = z.object({
  size: z.tuple([z.int().positive(), z.int().positive()]),
  counts: z.union([z.string(), z.array(z.int().nonnegative())]),
})

/** COCO's segmentation field where masks are compared, so that nothing may be mended: polygons or run lengths. */
export const CocoSegmentation = z.union([Polygons.min(1), Rle])

/** COCO's segmentation field: undefined where it is empty, left out with a note where it is neither kind. */
export function readSegmentation(raw: unknown, where: string, log: ProblemLog): Segmentation | undefined {
  if (raw === undefined || raw === null || (Array.isArray(raw) && raw.length === 0)) return undefined
  const polygons = Polygons.safeParse(raw)
  if (polygons.success) {
    const whole = polygons.data.filter((polygon) => polygon.length >= 6 && polygon.length % 2 === 0)
    const broken = polygons.data.filter((polygon) => polygon.length > 0).length - whole.length
    if (broken > 0)
      log.mend(`${where}.segmentation`, `polygons without three whole corners: ${broken} left out`)
    return whole.length > 0 ? whole : undefined
  }
  const rle = Rle.safeParse(raw)
  if (rle.success) return rle.data
  log.mend(`${where}.segmentation`, 'neither polygons nor a run-length mask: left out')
  return undefined
}

/** True for polygons, false for a run-length mask. */
export const isPolygons = (
  segmentation: Segmentation | undefined,
): segmentation is readonly (readonly number[])[] => Array.isArray(segmentation)

/** The smallest box around polygons given as flat x, y lists. */
export function polygonBounds(polygons: readonly (readonly number[])[]): BoxXyxy {
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const polygon of polygons) {
    for (let i = 0; i + 1 < polygon.length; i += 2) {
      x1 = Math.min(x1, polygon[i]!)
      x2 = Math.max(x2, polygon[i]!)
      y1 = Math.min(y1, polygon[i + 1]!)
      y2 = Math.max(y2, polygon[i + 1]!)
    }
  }
  return [x1, y1, x2, y2]
}
