/** A labelled data set as every reader produces it and every writer takes it. */
import type { BoxXyxy } from '../geometry/box.ts'
import type { Segmentation } from '../geometry/segmentation.ts'

export interface Category {
  /** The id of the source format (COCO's category_id); explicit and stable across conversions. */
  readonly id: number
  readonly name: string
}

/** Free properties of one object, such as `truncated` or `colour`. */
export type Attributes = Readonly<Record<string, string | number | boolean>>

/** An annotation without its class. */
export interface LabelledBox {
  /** Image pixels, sub-pixel precision kept as read. */
  readonly box: BoxXyxy
  /** COCO iscrowd: a region of many objects; ignored in evaluation, never a training target. */
  readonly crowd?: boolean
  /** Pascal VOC difficult. */
  readonly difficult?: boolean
  /** Detector confidence in [0, 1] where the source is a detection. */
  readonly score?: number
  /** COCO area in px², usually the mask's; COCO evaluation sorts objects by it into small, medium and large. */
  readonly area?: number
  /** Kept as it came. */
  readonly segmentation?: Segmentation
  readonly attributes?: Attributes
}

export interface Annotation extends LabelledBox {
  readonly categoryId: number
}

export interface DatasetImage {
  /** COCO image id; readers of formats without ids number images from 1 in file-name order. */
  readonly id: number
  /** Path relative to the data set's image root, with forward slashes; never absolute, never with `..`. */
  readonly fileName: string
  /** Pixels as displayed (EXIF orientation applied); 0 × 0 where the labels do not say and nobody has looked yet. */
  readonly width: number
  readonly height: number
  readonly annotations: readonly Annotation[]
  /** Names of the lists that hold the image, such as train and val, where the format has lists. */
  readonly splits?: readonly string[]
  /**
   * Where the labels name objects and not one could be read: how many. What the image shows is then unknown, which is
   * not the same as nothing; loadDataset leaves such images out.
   */
  readonly unreadable?: number
}

export interface Dataset {
  readonly categories: readonly Category[]
  readonly images: readonly DatasetImage[]
}

/**
 * A data set that need not fit into memory: its images are read as they are walked through, each time anew and in the
 * same order. An array of images is one such sequence.
 */
export interface DatasetStream {
  readonly categories: readonly Category[]
  readonly images: Iterable<DatasetImage> & { readonly length: number }
}

/** Something a reader or writer left out or repaired, so that nothing is dropped in silence. */
export interface Problem {
  readonly file: string
  /** Line number or key inside the file: "line 12", "annotations[3].bbox". */
  readonly where: string
  readonly reason: string
  readonly action: 'skipped' | 'repaired'
}

/** What a reader of a whole data set returns. */
export interface ParsedDataset {
  readonly dataset: Dataset
  readonly problems: Problem[]
  /** What the file contains but a data set cannot store, one line each: "keypoints of 3 objects". */
  readonly notKept?: readonly string[]
}
