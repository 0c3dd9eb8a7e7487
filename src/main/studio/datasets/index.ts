/** Data sets on disk. */
import { resolve } from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import type { Format } from '../../../core/formats/formats.ts'
import { readLabelMe, readVoc } from './documents.ts'
import { kindOf, type LoadRun } from './files.ts'
import { settleImages } from './images.ts'
import type { Loaded, LoadOptions } from './loaded.ts'
import { locate, type Source, sourcesAt } from './source.ts'
import { readCoco, readCsv } from './tables.ts'
import { readYolo } from './yolo.ts'

export { type Candidate, candidatesIn } from './candidates.ts'
export type { LoadRun } from './files.ts'
export { describeUnseen, type Loaded, type LoadOptions, type Unseen } from './loaded.ts'
export { Pictures, pathKey } from './pictures.ts'
export { refuseProblems, type WriteOptions, type Written, writeDataset } from './write.ts'
export { sourcesAt }

/**
 * Reads a data set of any format that the studio knows, recognised by what the files at the path say (docs/import.md):
 * a COCO .json or a folder with one; a Pascal VOC folder; a YOLO data.yaml or a folder with one or with classes.txt;
 * a folder of LabelMe files; a .csv file. Where several formats have labels, `from` says which is meant.
 *
 * `PATH:train` takes one list of a VOC or YOLO data set, or of a folder with several COCO files; so does the path of
 * the list itself (`ImageSets/Main/train.txt`, `images/train`).
 *
 * Throws CodedErrors (DATA_…, USAGE_…) for what cannot be read as a whole; everything that was left out or repaired
 * is in `problems`. When the signal is aborted, its reason is thrown.
 */
export async function loadDataset(
  path: string,
  options: LoadOptions = {},
): Promise<Loaded & { format: Format }> {
  const images = options.images === undefined ? {} : { images: resolve(options.images) }
  if (images.images !== undefined && (await kindOf(images.images)) !== 'folder') {
    throw new CodedError(
      'DATA_NOT_FOUND',
      `There is no folder of images at ${options.images}`,
      'Check the path',
    )
  }
  const source = await locate(path, options.from)
  const labels = await read(source, { ...options, ...images, ...half(options, 0) })
  const { imageRoot, notKept = [] } = labels
  const run = half(options, 1)
  const missing = options.missing ?? 'skip'
  const settled = await settleImages(labels.dataset, imageRoot, missing, run, options.pictures)
  return {
    format: source.format,
    dataset: settled.dataset,
    imageRoot,
    problems: [...labels.problems, ...settled.problems],
    notKept,
    unseen: settled.unseen,
  }
}

/** Reading the labels and looking for the images are a half of the progress each. */
const half = ({ signal, onProgress }: LoadRun, index: 0 | 1): LoadRun => ({
  ...(signal && { signal }),
  ...(onProgress && { onProgress: (done, total) => onProgress(index * total + done, 2 * total) }),
})

function read({ format, path, folder, split, part }: Source, options: LoadOptions): Promise<Loaded> {
  switch (format) {
    case 'coco':
      return readCoco(path, options)
    case 'csv':
      return readCsv(path, options)
    case 'voc':
      return readVoc(path, { split, list: part }, options)
    case 'yolo':
      return readYolo(path, folder, { split, part }, options)
    case 'labelme':
      return readLabelMe(path, options)
  }
}
