/** The text files that the writer of a format returns, for the caller to store. */
import { CodedError } from '../errors.ts'
import { safeRelativePath } from './checks.ts'
import type { DatasetImage, DatasetStream } from './dataset.ts'
import { stemOf } from './paths.ts'
import type { ProblemLog } from './problems.ts'
import type { Survey } from './survey.ts'

export interface TextFile {
  /** Relative to the output folder, with forward slashes. */
  readonly path: string
  /** In pieces of a few KiB if it is the only file of the data set. All pieces must be taken before the next file. */
  readonly text: string | Iterable<string>
}

/** Yields the files of a data set one by one; what cannot be written goes to the log. */
export type Writer = (dataset: DatasetStream, survey: Survey, log: ProblemLog) => Generator<TextFile>

/** The whole text of a file. */
export const textOf = ({ text }: TextFile): string => (typeof text === 'string' ? text : [...text].join(''))

/**
 * The images whose labels go to a file of their own, each with that file's name without extension. Two images
 * that differ only in their extension would share it: the second is reported and left out.
 */
export function* labelFiles(
  dataset: DatasetStream,
  log: ProblemLog,
): Generator<[image: DatasetImage, stem: string]> {
  const owners = new Map<string, string>()
  for (const image of dataset.images) {
    const stem = stemOf(image.fileName)
    const owner = owners.get(stem)
    if (owner === undefined) {
      owners.set(stem, image.fileName)
      yield [image, stem]
    } else {
      log.skip(image.fileName, `its label file would be that of ${owner}`)
    }
  }
}

/** The file names of the images in each list, in order. */
export type Lists = Map<string, string[]>

/** Adds an image to its lists. */
export function enlist({ fileName, splits = [] }: DatasetImage, lists: Lists): void {
  for (const split of splits) {
    const list = lists.get(split)
    if (list) list.push(fileName)
    else lists.set(split, [fileName])
  }
}

/** Throws DATA_FILE_NAME where a name of an image would lead out of the output folder. */
export function checkNames({ fileName, splits = [] }: DatasetImage): void {
  for (const name of [fileName, ...splits]) {
    if (safeRelativePath(name) !== name) {
      throw new CodedError(
        'DATA_FILE_NAME',
        `${JSON.stringify(name)} is not a relative path inside the data set`,
      )
    }
  }
}
