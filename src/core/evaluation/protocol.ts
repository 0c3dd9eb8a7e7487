/**
 * The COCO detection protocol: thresholds and size classes of pycocotools' `Params(iouType='bbox')`, in its order
 * and to its last bit (its grids come from numpy.linspace, so 0.9 is 0.8999999999999999 here too).
 */

/** T = 10 IoU thresholds, 0.50 to 0.95. */
export const IOU_THRESHOLDS: readonly number[] = Array.from(
  { length: 10 },
  (_, i) => 0.5 + i * ((0.95 - 0.5) / 9),
)

/** R = 101 recalls at which precision is read, 0 to 1. */
export const RECALL_THRESHOLDS: readonly number[] = Array.from({ length: 101 }, (_, i) => i * 0.01)

/** A = 4 size classes; closed ranges of an object's area in pixels², so 32² is both small and medium. */
export const AREA_RANGES = [
  { name: 'all', min: 0, max: 1e5 ** 2 },
  { name: 'small', min: 0, max: 32 ** 2 },
  { name: 'medium', min: 32 ** 2, max: 96 ** 2 },
  { name: 'large', min: 96 ** 2, max: 1e5 ** 2 },
] as const

/** M = 3 limits on the detections taken per image and category, best scores first. */
export const MAX_DETECTIONS = [1, 10, 100] as const

/** Indices into the lists above, for reading results: `m: UP_TO[100]`. */
export const AREA = { all: 0, small: 1, medium: 2, large: 3 } as const
export const UP_TO = { 1: 0, 10: 1, 100: 2 } as const
export const IOU_50 = 0
export const IOU_75 = 5

/** How many detections of one image and category are matched at all. */
export const MATCHED_DETECTIONS = MAX_DETECTIONS[2]
