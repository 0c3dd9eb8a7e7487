/** Data sets in a single file: COCO JSON and CSV. */
import { basename, dirname } from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import { COCO_LISTS, CocoReader } from '../../../core/formats/coco.ts'
import { parseCsv } from '../../../core/formats/csv.ts'
import type { ParsedDataset } from '../../../core/formats/dataset.ts'
import { isLabelMe } from '../../../core/formats/labelme.ts'
import { readText } from './files.ts'
import { findImageRoot } from './images.ts'
import { readJsonObject } from './json-file.ts'
import type { Loaded, LoadOptions } from './loaded.ts'

/** Reads a COCO file; its images are found beside it, in `images` or another folder, or beside `annotations`. */
export async function readCoco(path: string, options: LoadOptions): Promise<Loaded> {
  const file = basename(path)
  const reader = new CocoReader(file)
  const take = reader.add.bind(reader)
  const json = await readJsonObject(path, file, { lists: COCO_LISTS, take }, options)
  if (isLabelMe(json)) {
    throw new CodedError(
      'DATA_COCO',
      `${file} is a LabelMe file of one image`,
      'Give the folder of the LabelMe files',
    )
  }
  return atImages(path, reader.finish(json), options)
}

export async function readCsv(path: string, options: LoadOptions): Promise<Loaded> {
  const file = basename(path)
  return atImages(path, parseCsv(await readText(path, file), file), options)
}

async function atImages(
  path: string,
  { dataset, problems }: ParsedDataset,
  options: LoadOptions,
): Promise<Loaded> {
  const imageRoot = options.images ?? (await findImageRoot(path, dataset)) ?? dirname(path)
  return { dataset, imageRoot, problems }
}
