/** What a writer of a format hands out: text files, which the caller puts on disk. */
import { CodedError } from '../contract/errors.ts'
import { safeRelativePath } from './checks.ts'
import type { Dataset, DatasetImage } from './dataset.ts'
import { stemOf } from './paths.ts'
import type { ProblemLog } from './problems.ts'

export interface TextFile {
  /** Relative to the output folder, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** Yields the files of a data set one by one; what cannot be written goes to the log. */
export type Writer = (dataset: Dataset, log: ProblemLog) => Generator<TextFile>

/**
 * The images whose labels go to a file of their own, each with that file's name without extension. Two images
 * that differ only in their extension would share it: the second is reported and left out.
 */
export function* labelFiles(
  dataset: Dataset,
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

/** The lists of a data set: name → file names of its images, in order. */
export function splitsOf(dataset: Dataset): Map<string, string[]> {
  const lists = new Map<string, string[]>()
  for (const { fileName, splits } of dataset.images) {
    for (const split of splits ?? []) {
      const list = lists.get(split)
      if (list) list.push(fileName)
      else lists.set(split, [fileName])
    }
  }
  return lists
}

/** Throws DATA_FILE_NAME where a name would lead out of the output folder. */
export function checkNames(dataset: Dataset): void {
  for (const { fileName, splits = [] } of dataset.images) {
    for (const name of [fileName, ...splits]) {
      if (safeRelativePath(name) !== name) {
        throw new CodedError(
          'DATA_FILE_NAME',
          `${JSON.stringify(name)} is not a relative path inside the data set`,
        )
      }
    }
  }
}
