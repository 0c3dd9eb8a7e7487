/** Small scenes for hand-worked examples: image 1 unless told, classes 1 and 2. */
import { type RankedTables, rank } from '../../../../src/core/evaluation/analysis/ranked-tables.ts'
import type { GroundTruth, TrueObject } from '../../../../src/core/evaluation/ground-truth.ts'
import { layOut } from '../../../../src/core/evaluation/tables.ts'
import type { Detection } from '../../../../src/core/formats/detection.ts'
import type { BoxXywh } from '../../../../src/core/geometry/box.ts'

export const CATEGORIES = [
  { id: 1, name: 'cat' },
  { id: 2, name: 'dog' },
]

export const object = (box: BoxXywh, rest: Partial<TrueObject> = {}): TrueObject => ({
  imageId: 1,
  categoryId: 1,
  box,
  area: box[2] * box[3],
  crowd: false,
  ...rest,
})

export const detection = (box: BoxXywh, score: number, rest: Partial<Detection> = {}): Detection => ({
  imageId: 1,
  categoryId: 1,
  box,
  score,
  ...rest,
})

export const truthOf = (objects: TrueObject[]): GroundTruth => ({
  categories: CATEGORIES,
  images: [{ id: 9 }, { id: 1 }, { id: 4 }],
  objects,
})

export const tablesOf = (objects: TrueObject[], detections: Detection[]): RankedTables =>
  rank(layOut(truthOf(objects), detections))

export const A: BoxXywh = [10, 10, 40, 40]
export const B: BoxXywh = [200, 100, 40, 40]
export const NOWHERE: BoxXywh = [400, 400, 40, 40]
/** IoU with A 30·40/(2·1600 − 1200) = 0.6, 20/60 = 1/3, and 4/76. */
export const NEAR_A: BoxXywh = [20, 10, 40, 40]
export const HALF_A: BoxXywh = [30, 10, 40, 40]
export const EDGE_OF_A: BoxXywh = [46, 10, 40, 40]
