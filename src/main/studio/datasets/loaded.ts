import type { Dataset, Problem } from '../../../core/formats/dataset.ts'

/** A data set read from disk. The path of an image is `join(imageRoot, fileName)`. */
export interface Loaded {
  readonly dataset: Dataset
  readonly imageRoot: string
  readonly problems: Problem[]
}

/** How reading is watched and stopped. */
export interface LoadRun {
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

export interface LoadOptions extends LoadRun {
  /** Folder of the images, where they do not lie beside the labels. */
  readonly images?: string
  /** What to do with images whose file is missing: leave them out (the default), or keep their labels. */
  readonly missing?: 'skip' | 'keep'
}
