/** The tables in the two additional orders that the analyses need. */
import { MATCHED_DETECTIONS } from '../protocol.ts'
import { descendingRank, type Key, stableOrder } from '../stable-order.ts'
import type { Tables } from '../tables.ts'

export interface ImageRows {
  /** Rows of objects, in the source's order. */
  readonly objects: Uint32Array
  /** Rows of detections, in the order of `ranked`. */
  readonly detections: Uint32Array
}

export interface RankedTables extends Tables {
  /**
   * Rows of the detections that the protocol counts, the best 100 of each image and category: from the best score,
   * equal scores by image id, then as given.
   */
  readonly ranked: Uint32Array
  /** One entry per image, by ascending id; images without rows included. */
  readonly images: readonly ImageRows[]
}

export function rank(tables: Tables): RankedTables {
  const { groundTruth, detections, imageIds } = tables
  const size = imageIds.length
  const ranked = rankedDetections(tables)
  const objects = stableOrder(groundTruth.rows, [imageKey(groundTruth, size), sourceKey(groundTruth)])
  const imageOfRanked = { of: ranked.map((row) => detections.image[row]!), size }
  const byImage = stableOrder(ranked.length, [imageOfRanked]).map((at) => ranked[at]!)
  const objectsOf = runs(objects, groundTruth.image, size)
  const detectionsOf = runs(byImage, detections.image, size)
  const images = imageIds.map((_, i) => ({ objects: objectsOf[i]!, detections: detectionsOf[i]! }))
  return { ...tables, ranked, images }
}

function rankedDetections({ detections, imageIds }: Tables): Uint32Array {
  const score = descendingRank(detections.scores)
  const order = stableOrder(detections.rows, [
    score,
    imageKey(detections, imageIds.length),
    sourceKey(detections),
  ])
  const place = placeInGroup(detections)
  return order.filter((row) => place[row]! < MATCHED_DETECTIONS)
}

type Rows = Pick<Tables['detections'], 'rows' | 'image' | 'category' | 'source'>

function placeInGroup({ rows, image, category }: Rows): Uint32Array {
  const place = new Uint32Array(rows)
  for (let row = 1; row < rows; row++) {
    const sameGroup = image[row] === image[row - 1] && category[row] === category[row - 1]
    place[row] = sameGroup ? place[row - 1]! + 1 : 0
  }
  return place
}

const imageKey = ({ image }: Rows, images: number): Key => ({ of: image, size: images })

function sourceKey({ source }: Rows): Key {
  return { of: source, size: source.reduce((size, index) => Math.max(size, index + 1), 0) }
}

/** Cuts rows that are sorted by image into one list per image. */
function runs(sorted: Uint32Array, image: Uint32Array, images: number): Uint32Array[] {
  let start = 0
  return Array.from({ length: images }, (_, index) => {
    let end = start
    while (end < sorted.length && image[sorted[end]!] === index) end++
    const run = sorted.subarray(start, end)
    start = end
    return run
  })
}
