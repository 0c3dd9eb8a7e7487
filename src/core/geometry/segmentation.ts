import type { Ring } from './polygon.ts'

/** COCO's run-length mask over the pixels of an image: a list of runs, or the same packed into a string. */
export interface CocoRle {
  readonly size: readonly [height: number, width: number]
  readonly counts: string | readonly number[]
}

/** COCO's two kinds of segmentation: polygons as flat x, y lists in image pixels, one for each part, or a mask. */
export type Segmentation = readonly Ring[] | CocoRle

/** True for polygons, false for a mask. */
export const isPolygons = (segmentation: Segmentation | null | undefined): segmentation is readonly Ring[] =>
  Array.isArray(segmentation)
