/** A labelled data set as every reader produces it and every writer takes it. */
import type { BoxXyxy } from '../geometry/box.ts'

export interface Category {
  /** The id of the source format (COCO's category_id); explicit and stable across conversions. */
  readonly id: number
  readonly name: string
}

export interface Annotation {
  /** Image pixels, sub-pixel precision kept as read. */
  readonly box: BoxXyxy
  readonly categoryId: number
  /** COCO iscrowd: a region of many objects; ignored in evaluation, never a training target. */
  readonly crowd?: boolean
  /** Pixels² where the source states it: COCO's area is the segment's, not the box's, and its size classes go by it. */
  readonly area?: number
  /** Pascal VOC difficult. */
  readonly difficult?: boolean
  /** Detector confidence in [0, 1] where the source is a detection. */
  readonly score?: number
}

export interface DatasetImage {
  /** COCO image id; readers of formats without ids number images from 1 in file-name order. */
  readonly id: number
  /** Path relative to the data set's image root, with forward slashes. */
  readonly fileName: string
  readonly width: number
  readonly height: number
  readonly annotations: readonly Annotation[]
}

export interface Dataset {
  readonly categories: readonly Category[]
  readonly images: readonly DatasetImage[]
}

/** Something a reader left out or repaired, so that nothing is dropped in silence. */
export interface Problem {
  readonly file: string
  /** Line number or key inside the file: "line 12", "annotations[3].bbox". */
  readonly where: string
  readonly reason: string
  readonly action: 'skipped' | 'mended'
}
