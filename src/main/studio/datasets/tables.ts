/** Data sets in a single file: COCO JSON and CSV. */
import { basename, dirname } from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import { COCO_LISTS, CocoReader, isCoco } from '../../../core/formats/coco.ts'
import { parseCsv } from '../../../core/formats/csv.ts'
import type { ParsedDataset } from '../../../core/formats/dataset.ts'
import { isLabelMe } from '../../../core/formats/labelme.ts'
import { readText } from './files.ts'
import { findImageRoot } from './image-root.ts'
import { readJsonObject } from './json-file.ts'
import type { Loaded, LoadOptions } from './loaded.ts'

/** Reads a COCO file; its images are found beside it, in `images` or another folder, or beside `annotations`. */
export async function readCoco(path: string, options: LoadOptions): Promise<Loaded> {
  const file = basename(path)
  const reader = new CocoReader(file)
  const take = reader.add.bind(reader)
  const json = await readJsonObject(path, file, { lists: COCO_LISTS, take }, options)
  if (!isCoco(json)) throw notCoco(file, json)
  return atImages(path, reader.finish(json), options)
}

export async function readCsv(path: string, options: LoadOptions): Promise<Loaded> {
  const file = basename(path)
  return atImages(path, parseCsv(await readText(path, file), file), options)
}

async function atImages(
  path: string,
  parsed: ParsedDataset,
  { images, pictures }: LoadOptions,
): Promise<Loaded> {
  const imageRoot = pictures?.root ?? images ?? (await findImageRoot(path, parsed.dataset)) ?? dirname(path)
  return { ...parsed, imageRoot }
}

/** JSON files of other tools, recognised by their members. */
function notCoco(file: string, json: Record<string, unknown>): CodedError {
  const first = Object.values(json)[0] as Record<string, unknown> | null | undefined
  const isVia =
    '_via_img_metadata' in json || (typeof first === 'object' && first !== null && 'regions' in first)
  const kind = isLabelMe(json) ? 'a LabelMe file of one image' : isVia ? 'a VIA file' : undefined
  const lists = ['images', 'annotations', 'categories'].filter((list) => !(list in json))
  return new CodedError(
    'DATA_COCO',
    `${file} is ${kind ?? `not a COCO data set: it has no list ${lists.map((list) => `"${list}"`).join(', ')}`}`,
    isLabelMe(json)
      ? 'Give the folder of the LabelMe files'
      : 'Export it as COCO, Pascal VOC, YOLO, LabelMe or CSV',
  )
}
