/** Ground truth and detections as columns, in the order in which the protocol visits them. */
import { CodedError } from '../errors.ts'
import { type Detection, type DetectionColumns, detectionColumns } from '../formats/detection.ts'
import type { BoxXywh } from '../geometry/box.ts'
import { type Rle, rleArea, rleBounds } from '../geometry/rle.ts'
import type { GroundTruth } from './ground-truth.ts'
import { descendingRank, type Key, stableOrder } from './stable-order.ts'

/** Whether IoUs are those of boxes or of masks. */
export const IOU_TYPES = ['bbox', 'segm'] as const
export type IouType = (typeof IOU_TYPES)[number]

/** The masks of a table's rows, with their areas and bounding boxes, which are needed most often. */
export interface MaskColumn {
  readonly masks: readonly Rle[]
  /** Number of pixels that are set. */
  readonly areas: Float64Array
  /** [rows·4] x1, y1, x2, y2 around the pixels that are set. */
  readonly bounds: Float64Array
}

/** Boxes as columns. Rows of one category are together, within it rows of one image; images by ascending id. */
interface BoxTable {
  readonly rows: number
  /** Index of the category in ascending id order. */
  readonly category: Uint32Array
  /** Index of the image in ascending id order. */
  readonly image: Uint32Array
  /** [rows·4] x, y, width, height. */
  readonly boxes: Float64Array
  /** By row; null where boxes are compared. */
  readonly masks: MaskColumn | null
  /** Pixels². Of detections: the box's, also where masks are compared, unless they say another. */
  readonly areas: Float64Array
  /** Index of each row in the input list. */
  readonly source: Uint32Array
}

export interface GroundTruthTable extends BoxTable {
  /** 1 for a crowd region. Objects of one image and category keep the source's order. */
  readonly crowd: Uint8Array
}

export interface DetectionTable extends BoxTable {
  /** Within one image and category the best score comes first, equal scores in the order given. */
  readonly scores: Float64Array
  /** The rows by category, then score from the best, equal scores by image id, then as given. */
  readonly byScore: Uint32Array
  /** How many detections were left out because the ground truth does not list their category. */
  readonly unknownCategory: number
}

export interface Tables {
  readonly groundTruth: GroundTruthTable
  readonly detections: DetectionTable
  /** Ascending. */
  readonly categoryIds: readonly number[]
  /** Ascending. */
  readonly imageIds: readonly number[]
}

/**
 * Lays objects and detections out. As in pycocotools, those of a category that the ground truth does not list are
 * left out, so are objects of an image that it does not list, but a detection there is an error.
 *
 * @throws CodedError DATA_UNKNOWN_IMAGE; DATA_BAD_DETECTION for a score or coordinate that is not finite; DATA_NO_MASK for an object
 *   or detection without a mask where masks are compared.
 */
export function layOut(
  truth: GroundTruth,
  detections: readonly Detection[] | DetectionColumns,
  iouType: IouType = 'bbox',
): Tables {
  const images = indexById(truth.images)
  const categories = indexById(truth.categories)
  return {
    groundTruth: groundTruthTable(truth, images, categories, iouType),
    detections: detectionTable(
      'rows' in detections ? detections : detectionColumns(detections),
      images,
      categories,
      iouType,
    ),
    categoryIds: [...categories.keys()],
    imageIds: [...images.keys()],
  }
}

/** Ids, ascending and each once, to their index. */
function indexById(items: readonly { readonly id: number }[]): ReadonlyMap<number, number> {
  const ids = Float64Array.from(items, (item) => item.id).sort()
  return new Map([...new Set(ids)].map((id, index) => [id, index]))
}

type Index = ReadonlyMap<number, number>

function groundTruthTable(
  { objects }: GroundTruth,
  images: Index,
  categories: Index,
  iouType: IouType,
): GroundTruthTable {
  const source = indicesWhere(objects.length, (row) => {
    const { imageId, categoryId } = objects[row]!
    return images.has(imageId) && categories.has(categoryId)
  })
  const known = Array.from(source, (index) => objects[index]!)
  const category = keyOf(known.length, categories, (row) => known[row]!.categoryId)
  const image = keyOf(known.length, images, (row) => known[row]!.imageId)
  const order = stableOrder(known.length, [category, image])
  return {
    rows: known.length,
    category: permuted(category, order).of,
    image: permuted(image, order).of,
    boxes: boxColumn(known, order),
    masks: iouType === 'segm' ? masksOf((row) => known[row]!.mask, order, 'Object', source) : null,
    areas: column(known, order, (it) => it.area),
    source: order.map((row) => source[row]!),
    crowd: Uint8Array.from(column(known, order, (it) => (it.crowd ? 1 : 0))),
  }
}

function detectionTable(
  all: DetectionColumns,
  images: Index,
  categories: Index,
  iouType: IouType,
): DetectionTable {
  for (let row = 0; row < all.rows; row++) check(all, row, images)
  const source = indicesWhere(all.rows, (row) => categories.has(all.categoryId[row]!))
  const rows = source.length
  const category = keyOf(rows, categories, (row) => all.categoryId[source[row]!]!)
  const image = keyOf(rows, images, (row) => all.imageId[source[row]!]!)
  const rank = descendingRank(taken(all.scores, source))
  const order = stableOrder(rows, [category, image, rank])
  const from = order.map((row) => source[row]!)
  const sortedCategory = permuted(category, order)
  const boxes = new Float64Array(4 * rows)
  const areas = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    const at = 4 * from[row]!
    for (let k = 0; k < 4; k++) boxes[4 * row + k] = all.boxes[at + k]!
    const own = all.areas?.[from[row]!]
    areas[row] = own === undefined || Number.isNaN(own) ? all.boxes[at + 2]! * all.boxes[at + 3]! : own
  }
  return {
    rows,
    category: sortedCategory.of,
    image: permuted(image, order).of,
    boxes,
    masks:
      iouType === 'segm' ? masksOf((row) => all.masks?.[source[row]!], order, 'Detection', source) : null,
    areas,
    source: from,
    scores: taken(all.scores, from),
    byScore: stableOrder(rows, [sortedCategory, permuted(rank, order)]),
    unknownCategory: all.rows - rows,
  }
}

function check({ imageId, boxes, scores }: DetectionColumns, row: number, images: Index): void {
  if (!images.has(imageId[row]!)) {
    throw new CodedError(
      'DATA_UNKNOWN_IMAGE',
      `Detection ${row} is on image ${imageId[row]}, which is not in the ground truth`,
      'Evaluate detections of the same data set',
    )
  }
  const at = 4 * row
  // The sum is finite only if every term is, so one test covers all.
  if (!Number.isFinite(boxes[at]! + boxes[at + 1]! + boxes[at + 2]! + boxes[at + 3]! + scores[row]!)) {
    throw new CodedError('DATA_BAD_DETECTION', `Detection ${row} holds a number that is not finite`)
  }
}

// Plain loops below: typed arrays' `from` with a mapping and `set` with a short list take several times as long.

function indicesWhere(rows: number, isKnown: (row: number) => boolean): Uint32Array {
  const indices = new Uint32Array(rows)
  let count = 0
  for (let row = 0; row < rows; row++) if (isKnown(row)) indices[count++] = row
  return indices.subarray(0, count)
}

function keyOf(rows: number, index: Index, id: (row: number) => number): Key {
  const of = new Uint32Array(rows)
  for (let row = 0; row < rows; row++) of[row] = index.get(id(row))!
  return { of, size: index.size }
}

/** Selects the values of the given rows. */
function taken(values: Float64Array, rows: Uint32Array): Float64Array {
  const some = new Float64Array(rows.length)
  for (let i = 0; i < rows.length; i++) some[i] = values[rows[i]!]!
  return some
}

function permuted({ of, size }: Key, order: Uint32Array): Key {
  return { of: order.map((from) => of[from]!), size }
}

function column<Row>(rows: readonly Row[], order: Uint32Array, value: (row: Row) => number): Float64Array {
  const values = new Float64Array(order.length)
  for (let row = 0; row < order.length; row++) values[row] = value(rows[order[row]!]!)
  return values
}

function masksOf(
  maskAt: (row: number) => Rle | undefined,
  order: Uint32Array,
  kind: 'Object' | 'Detection',
  source: Uint32Array,
): MaskColumn {
  const masks = Array.from(order, (row) => {
    const mask = maskAt(row)
    if (mask) return mask
    throw new CodedError(
      'DATA_NO_MASK',
      `${kind} ${source[row]} has no mask`,
      'Compare boxes instead, or give masks for all objects and detections',
    )
  })
  const bounds = new Float64Array(masks.length * 4)
  for (const [index, mask] of masks.entries()) bounds.set(rleBounds(mask), index * 4)
  return { masks, areas: Float64Array.from(masks, rleArea), bounds }
}

/** [N·4] x, y, width, height. */
function boxColumn(rows: readonly { readonly box: BoxXywh }[], order: Uint32Array): Float64Array {
  const boxes = new Float64Array(order.length * 4)
  for (let row = 0; row < order.length; row++) {
    const [x, y, width, height] = rows[order[row]!]!.box
    boxes[row * 4] = x
    boxes[row * 4 + 1] = y
    boxes[row * 4 + 2] = width
    boxes[row * 4 + 3] = height
  }
  return boxes
}
