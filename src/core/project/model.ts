/** The records of a project, as the store returns them and windows show them. */
import type { Attributes } from '../formats/dataset.ts'
import type { BoxXyxy } from '../geometry/box.ts'
import type { Segmentation } from '../geometry/segmentation.ts'
import type { Shape } from '../geometry/shape.ts'

/** new: not worked on yet. done: every object is labelled, or there is none. ignored: left out of everything. */
export const IMAGE_STATES = ['new', 'in-progress', 'done', 'ignored'] as const
export type ImageState = (typeof IMAGE_STATES)[number]

/**
 * The images that a detector learns from, in core/query's language: labelled, and with a file that can be read. Training,
 * the report and the export count these.
 */
export const LABELLED_IMAGES = 'state:in-progress,done -has:error'

export const SPLITS = ['train', 'val', 'test'] as const
export type Split = (typeof SPLITS)[number]

/** The origin of an annotation. A proposed one is a model's detection and becomes a label only when it is accepted. */
export const SOURCES = ['drawn', 'imported', 'proposed', 'accepted'] as const
export type Source = (typeof SOURCES)[number]

export interface ProjectClass {
  /** Explicit and stable: exported unchanged, and never reused for another class. */
  readonly id: number
  readonly name: string
  /** #rrggbb */
  readonly colour: string
}

export interface ProjectImage {
  readonly id: number
  /** Relative to the project's image folder, with forward slashes. */
  readonly path: string
  /** Pixels as displayed (EXIF orientation applied); 0 × 0 while unknown. */
  readonly width: number
  readonly height: number
  /** Why the file cannot be shown: it is missing, truncated, or not an image. */
  readonly error: string | null
  readonly state: ImageState
  readonly split: Split | null
  /** Number of annotations, excluding proposals. */
  readonly labels: number
  readonly proposals: number
}

export interface NewAnnotation {
  readonly classId: number
  /** Image pixels, sub-pixel precision kept. */
  readonly box: BoxXyxy
  readonly source: Source
  /** COCO iscrowd: a region of many objects. */
  readonly crowd?: boolean
  /** Pascal VOC difficult. */
  readonly difficult?: boolean
  /** Which model proposed it. */
  readonly model?: string | null
  /** The detector's confidence in [0, 1]; kept when it is accepted. */
  readonly score?: number | null
  /** COCO area in px², the outline's. */
  readonly area?: number | null
  /** The outline: polygons or a mask. */
  readonly segmentation?: Segmentation | null
  readonly attributes?: Attributes | null
}

export interface ProjectAnnotation extends Required<NewAnnotation>, Shape {
  readonly id: number
  readonly imageId: number
}

/** What can be changed about an annotation. */
export type AnnotationPatch = Partial<NewAnnotation>
