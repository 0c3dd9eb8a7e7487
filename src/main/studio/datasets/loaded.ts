import type { Dataset, Problem } from '../../../core/formats/dataset.ts'
import type { Format } from '../../../core/formats/formats.ts'
import { countOf } from '../../../core/words.ts'
import type { LoadRun } from './files.ts'
import type { Pictures } from './pictures.ts'

/** An image and why its picture could not be compared with its labels. */
export interface Unseen {
  readonly file: string
  readonly reason: string
}

/** One line for each reason. */
export function describeUnseen(unseen: readonly Unseen[]): string[] {
  return [...Map.groupBy(unseen, ({ reason }) => reason)].map(([reason, images]) => {
    const others = images.length > 1 ? ` and ${countOf(images.length - 1, 'other image')}` : ''
    return `${images[0]!.file}${others}: ${reason}, so the size that the labels state was not checked`
  })
}

/** A data set read from disk. The path of an image is `join(imageRoot, fileName)`. */
export interface Loaded {
  readonly dataset: Dataset
  readonly imageRoot: string
  readonly problems: Problem[]
  /** Images, kept for their labels alone, whose picture nobody could see: the sizes that their labels state were taken. */
  readonly unseen?: readonly Unseen[]
  /** What the files say and a data set has no place for, one line each: "keypoints of 3 objects". */
  readonly notKept?: readonly string[]
}

export interface LoadOptions extends LoadRun {
  /** Which of the formats is read, where labels of several lie there. */
  readonly from?: Format
  /** Folder of the images, where they do not lie beside the labels. */
  readonly images?: string
  /** The pictures that images are looked for among, instead of those of a folder. */
  readonly pictures?: Pictures
  /** What to do with images whose file is missing: leave them out (the default), or keep their labels. */
  readonly missing?: 'skip' | 'keep'
}
