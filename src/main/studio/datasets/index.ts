/** Data sets on disk. */
import { resolve } from 'node:path'
import type { Format } from '../../../core/formats/formats.ts'
import { settleImages } from './images.ts'
import { readLabelMe } from './labelme.ts'
import type { Loaded, LoadOptions, LoadRun } from './loaded.ts'
import { locate, type Source } from './source.ts'
import { readCoco, readCsv } from './tables.ts'
import { readVoc } from './voc.ts'
import { readYolo } from './yolo.ts'

export type { Loaded, LoadOptions, LoadRun } from './loaded.ts'
export { refuseProblems, type WriteOptions, type Written, writeDataset } from './write.ts'

/**
 * Reads a data set of any format that the studio knows, recognised by what lies at the path:
 * a COCO .json or a folder with one; a Pascal VOC folder; a YOLO data.yaml or a folder with one or with classes.txt;
 * a folder of LabelMe files; a .csv file.
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
  const source = await locate(path)
  const labels = await read(source, { ...options, ...images, ...half(options, 0) })
  const { imageRoot } = labels
  const run = half(options, 1)
  const settled = await settleImages(labels.dataset, imageRoot, options.missing ?? 'skip', run)
  return {
    format: source.format,
    dataset: settled.dataset,
    imageRoot,
    problems: [...labels.problems, ...settled.problems],
  }
}

/** Reading the labels and looking for the images are a half of the progress each. */
const half = ({ signal, onProgress }: LoadRun, index: 0 | 1): LoadRun => ({
  ...(signal && { signal }),
  ...(onProgress && { onProgress: (done, total) => onProgress(index * total + done, 2 * total) }),
})

function read({ format, path, split, part }: Source, options: LoadOptions): Promise<Loaded> {
  switch (format) {
    case 'coco':
      return readCoco(path, options)
    case 'csv':
      return readCsv(path, options)
    case 'voc':
      return readVoc(path, { split, list: part }, options)
    case 'yolo':
      return readYolo(path, { split, part }, options)
    case 'labelme':
      return readLabelMe(path, options)
  }
}
