import { z } from 'zod'
import { readCocoRle } from '../geometry/coco-rle.ts'
import type { Segmentation } from '../geometry/segmentation.ts'
import type { ProblemLog } from './problems.ts'

const Polygons = z.array(z.array(z.number()))
const Rle = z.object({
  size: z.tuple([z.int().positive(), z.int().positive()]),
  counts: z.union([z.string(), z.array(z.int().nonnegative())]),
})

/** COCO's segmentation field where masks are compared, so that nothing may be repaired: polygons or run lengths. */
export const CocoSegmentation = z.union([z.array(z.array(z.number()).min(6)).min(1), Rle])

/** COCO's segmentation field: undefined where it is empty, left out with a note where it is neither kind. */
export function readSegmentation(raw: unknown, where: string, log: ProblemLog): Segmentation | undefined {
  if (raw === undefined || raw === null || (Array.isArray(raw) && raw.length === 0)) return undefined
  const polygons = Polygons.safeParse(raw)
  if (polygons.success) {
    const whole = polygons.data.filter((polygon) => polygon.length >= 6 && polygon.length % 2 === 0)
    const broken = polygons.data.filter((polygon) => polygon.length > 0).length - whole.length
    if (broken > 0)
      log.repair(`${where}.segmentation`, `polygons without three whole corners: ${broken} left out`)
    return whole.length > 0 ? whole : undefined
  }
  const rle = Rle.safeParse(raw)
  if (rle.success) {
    try {
      readCocoRle(rle.data, `${where}.segmentation`)
      return rle.data
    } catch (error) {
      log.repair(`${where}.segmentation`, `${(error as Error).message}: left out`)
      return undefined
    }
  }
  log.repair(`${where}.segmentation`, 'neither polygons nor a run-length mask: left out')
  return undefined
}
