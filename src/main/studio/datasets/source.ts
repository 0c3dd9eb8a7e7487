/** Finds out what a path given as a data set is. */
import { basename, dirname, extname, join, resolve } from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import { isCoco } from '../../../core/formats/coco.ts'
import type { Format } from '../../../core/formats/formats.ts'
import { isLabelMe } from '../../../core/formats/labelme.ts'
import { kindOf, listFiles } from './files.ts'
import { readJsonObject } from './json-file.ts'
import { annotationsFolder } from './voc.ts'
import { namesFile } from './yolo-layout.ts'

export interface Source {
  readonly format: Format
  /** COCO, CSV: the file. YOLO: the file with the class names. VOC, LabelMe: the folder. */
  readonly path: string
  /** The name of a list in the data set, given as PATH:NAME. */
  readonly split?: string | undefined
  /** A file or folder that chooses images of the data set: ImageSets/Main/train.txt, images/train. */
  readonly part?: string | undefined
}

/** JSON files of a folder that are looked into. */
const CANDIDATES = 20

/** How far above a list or a folder of images its data set is looked for. */
const LEVELS = 4

/**
 * Recognises PATH or PATH:LIST. Throws DATA_NOT_FOUND if there is nothing, DATA_FORMAT if it is no data set,
 * DATA_AMBIGUOUS if it holds several.
 */
export async function locate(given: string): Promise<Source> {
  let path = resolve(given)
  let split: string | undefined
  let kind = await kindOf(path)
  if (kind === undefined) {
    const [, before, after] = /^(.+):([\w.-]+)$/.exec(given) ?? []
    if (before !== undefined) {
      path = resolve(before)
      kind = await kindOf(path)
      split = after
    }
  }
  if (kind === undefined) throw new CodedError('DATA_NOT_FOUND', `There is no data set at ${given}`)
  const source = kind === 'file' ? await locateFile(path, given) : await locateFolder(path, split)
  if (source === undefined) {
    throw new CodedError(
      'DATA_FORMAT',
      `${given} is not a data set: no COCO JSON, Pascal VOC XML, YOLO data.yaml or classes.txt, LabelMe JSON or CSV`,
    )
  }
  if (split !== undefined && !['voc', 'yolo'].includes(source.format) && source.split === undefined) {
    throw new CodedError('USAGE_LIST', `${basename(source.path)} has no lists, so none can be named ${split}`)
  }
  return { ...source, ...(split !== undefined && { split }) }
}

async function locateFile(path: string, given: string): Promise<Source | undefined> {
  switch (extname(path).toLowerCase()) {
    case '.json':
      return { format: 'coco', path }
    case '.csv':
      return { format: 'csv', path }
    case '.yaml':
    case '.yml':
      return { format: 'yolo', path }
    case '.txt':
      return above(path, async (folder) => {
        if (await annotationsFolder(folder)) return { format: 'voc', path: folder, part: path }
        const names = await namesFile(folder)
        return names === undefined || names === path ? undefined : { format: 'yolo', path: names, part: path }
      })
    case '.xml':
      throw new CodedError(
        'USAGE_DATASET',
        `${given} is one Pascal VOC file`,
        'Give the folder of the data set',
      )
    default:
      return undefined
  }
}

async function locateFolder(path: string, split: string | undefined): Promise<Source | undefined> {
  if (await annotationsFolder(path)) return { format: 'voc', path }
  const names = await namesFile(path)
  if (names !== undefined) return { format: 'yolo', path: names }
  const json = await locateJson(path, split)
  if (json !== undefined) return json
  if ((await listFiles(path, /\.xml$/i)).length > 0) return { format: 'voc', path }
  const tables = await listFiles(path, /\.csv$/i, false)
  if (tables.length > 0) return { format: 'csv', path: join(path, only(path, tables)) }
  return above(path, async (folder) => {
    const names = await namesFile(folder)
    return names === undefined ? undefined : { format: 'yolo', path: names, part: path }
  })
}

/** A folder of LabelMe files, or one with a COCO file in it or in `annotations`; other JSON files are passed over. */
async function locateJson(path: string, split: string | undefined): Promise<Source | undefined> {
  const own = await listFiles(path, /\.json$/i, false)
  const annotations = join(path, 'annotations')
  const below =
    (await kindOf(annotations)) === 'folder' ? await listFiles(annotations, /\.json$/i, false) : []
  const near = [...own, ...below.map((file) => `annotations/${file}`)]
  // Beside instances_val2017.json, COCO has captions and keypoints of the same images.
  const instances = near.filter((file) => /(^|\/)instances_/.test(file))
  const named = (instances.length > 0 ? instances : near).filter((file) =>
    file.endsWith(`${split ?? ''}.json`),
  )
  const candidates = near.length > 0 ? named : await listFiles(path, /\.json$/i)
  const coco: string[] = []
  for (const file of candidates.slice(0, CANDIDATES)) {
    const json = await outline(join(path, file))
    if (isLabelMe(json)) return { format: 'labelme', path }
    if (isCoco(json)) coco.push(file)
  }
  return coco.length === 0 ? undefined : { format: 'coco', path: join(path, only(path, coco)), split }
}

/** What members a file has, its lists left empty. Undefined for one that is no JSON: in a folder, it may be anything. */
async function outline(path: string): Promise<unknown> {
  try {
    return await readJsonObject(path, path, { lists: [], take: () => {} })
  } catch (error) {
    if (error instanceof CodedError) return undefined
    throw error
  }
}

function only(folder: string, files: readonly string[]): string {
  if (files.length === 1) return files[0]!
  throw new CodedError(
    'DATA_AMBIGUOUS',
    `${folder} holds ${files.length} data sets: ${files.slice(0, 5).join(', ')}${files.length > 5 ? ', …' : ''}`,
    'Give one of these files',
  )
}

/** Asks each folder above a path, the nearest first. */
async function above(
  path: string,
  ask: (folder: string) => Promise<Source | undefined>,
): Promise<Source | undefined> {
  let folder = path
  for (let level = 0; level < LEVELS && dirname(folder) !== folder; level++) {
    folder = dirname(folder)
    const found = await ask(folder)
    if (found !== undefined) return found
  }
  return undefined
}
