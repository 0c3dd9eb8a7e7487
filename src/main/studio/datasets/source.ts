/** Recognises the data set at a path by the contents of its files, not by the names of its folders. */
import { basename, dirname, extname, join, resolve } from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import { isCoco } from '../../../core/formats/coco.ts'
import { isCsv } from '../../../core/formats/csv.ts'
import { type Format, TRAITS } from '../../../core/formats/formats.ts'
import { isLabelMe } from '../../../core/formats/labelme.ts'
import { hasYoloLine } from '../../../core/formats/yolo.ts'
import { annotationsFolder } from './documents.ts'
import { firstOf, kindOf, listFiles, readText } from './files.ts'
import { readJsonObject } from './json-file.ts'
import { namesFile } from './yolo.ts'

export interface Source {
  readonly format: Format
  /** COCO, CSV: the file. YOLO: the file with the class names. VOC, LabelMe: the folder. */
  readonly path: string
  /** YOLO: the folder of the data set, where it is not that of the file. */
  readonly folder?: string | undefined
  /** The name of a list in the data set, given as PATH:NAME. */
  readonly split?: string | undefined
  /** A file or folder that chooses images of the data set: ImageSets/Main/train.txt, images/train. */
  readonly part?: string | undefined
}

/** Number of files of one kind that are read while none of them has labels. */
const CANDIDATES = 200

/** Number of parent folders in which the data set of a list or of a folder of images is searched. */
const LEVELS = 4

/**
 * How much a folder has of a format: 2 = labels, 1 = files of the format without labels, 0 = only class
 * names.
 */
type Weight = 2 | 1 | 0
type Weighed = Source & { readonly weight: Weight }

/**
 * Recognises PATH or PATH:LIST. Where labels of several formats lie there, `from` says which. Throws DATA_NOT_FOUND if
 * there is nothing, DATA_FORMAT if it is no data set, DATA_AMBIGUOUS if it holds several.
 */
export async function locate(given: string, from?: Format): Promise<Source> {
  const { path, kind, split } = await placeOf(given)
  const sources = kind === 'file' ? await inFile(path, given) : await inFolder(path, split, from)
  const source = only(
    given,
    sources.filter(({ format }) => from === undefined || format === from),
  )
  if (source === undefined) throw await noDataset(given, path, from, sources)
  if (split !== undefined && !['voc', 'yolo'].includes(source.format) && source.split === undefined) {
    throw new CodedError('USAGE_LIST', `${basename(source.path)} has no lists, so none can be named ${split}`)
  }
  return { ...source, ...(split !== undefined && { split }) }
}

/** All sources that could be read at a path; if any of them has labels, only those that have. */
export async function sourcesAt(given: string): Promise<Source[]> {
  const { path, kind, split } = await placeOf(given)
  return heaviest(kind === 'file' ? await inFile(path, given) : await inFolder(path, split, undefined))
}

async function placeOf(given: string): Promise<{ path: string; kind: 'file' | 'folder'; split?: string }> {
  const kind = await kindOf(resolve(given))
  if (kind !== undefined) return { path: resolve(given), kind }
  const [, before, split] = /^(.+):([\w.-]+)$/.exec(given) ?? []
  const other = before === undefined ? undefined : await kindOf(resolve(before))
  if (other !== undefined) return { path: resolve(before!), kind: other, split: split! }
  throw new CodedError(
    'DATA_NOT_FOUND',
    `There is nothing at ${given}`,
    'Check the path: relative paths start at the folder in which the program was started',
  )
}

const heaviest = <T extends { weight: Weight }>(sources: readonly T[]): T[] => {
  const most = Math.max(...sources.map(({ weight }) => weight))
  return sources.filter(({ weight }) => weight === most)
}

function only(given: string, sources: readonly Weighed[]): Source | undefined {
  const best = heaviest(sources)
  const [first] = best
  if (best.length < 2) return first
  const formats = [...new Set(best.map(({ format }) => format))]
  const files = best.map(({ path }) => basename(path))
  const shown = `${files.slice(0, 5).join(', ')}${files.length > 5 ? ', …' : ''}`
  if (formats.length === 1) {
    throw new CodedError(
      'DATA_AMBIGUOUS',
      `${given} holds ${best.length} ${TRAITS[formats[0]!].title} data sets: ${shown}`,
      'Give one of these files',
    )
  }
  const titles = formats.map((format) => TRAITS[format].title)
  throw new CodedError(
    'DATA_AMBIGUOUS',
    `${given} has labels in several formats: ${titles.join(' and ')} (${shown})`,
    `Choose one with --from ${formats.join(' or --from ')}`,
  )
}

async function noDataset(
  given: string,
  path: string,
  from: Format | undefined,
  sources: readonly Source[],
): Promise<CodedError> {
  if (from !== undefined) {
    const there = [...new Set(sources.map(({ format }) => TRAITS[format].title))]
    const remedy = there.length > 0 ? `It has ${there.join(' and ')}` : undefined
    return new CodedError('DATA_FORMAT', `${given} has no labels of the format ${TRAITS[from].title}`, remedy)
  }
  if ((await kindOf(path)) === 'folder') {
    for (const file of (await listFiles(path, /\.txt$/i)).slice(0, CANDIDATES)) {
      if (hasYoloLine(await readText(join(path, file), file).catch(() => ''))) {
        return new CodedError(
          'DATA_FORMAT',
          `${given} has YOLO labels (${file}), but no data.yaml or classes.txt that names their classes`,
          'Put a classes.txt there, with one name per line, in the order of the numbers',
        )
      }
    }
  }
  return new CodedError(
    'DATA_FORMAT',
    `${given} is not a data set: no COCO JSON, Pascal VOC XML, YOLO data.yaml or classes.txt, LabelMe JSON or CSV`,
  )
}

async function inFile(path: string, given: string): Promise<Weighed[]> {
  const weight = 2
  switch (extname(path).toLowerCase()) {
    case '.json':
      return [{ format: 'coco', path, weight }]
    case '.csv':
      return [{ format: 'csv', path, weight }]
    case '.yaml':
    case '.yml':
    case '.data':
    case '.names':
      return [{ format: 'yolo', path, weight }]
    case '.txt':
      return above(path, async (folder) => {
        if (await annotationsFolder(folder)) return { format: 'voc', path: folder, part: path, weight }
        const names = (await namesFile(folder, 1)) ?? (await besideLabels(folder))
        if (names === undefined) return undefined
        return names === path
          ? { format: 'yolo', path, weight }
          : { format: 'yolo', path: names, part: path, weight }
      })
    case '.xml':
      throw new CodedError(
        'USAGE_DATASET',
        `${given} is one Pascal VOC file`,
        'Give the folder of the data set',
      )
    default:
      return []
  }
}

async function inFolder(
  path: string,
  split: string | undefined,
  from: Format | undefined,
): Promise<Weighed[]> {
  const isAsked = (format: Format): boolean => from === undefined || from === format
  const found = [
    ...(isAsked('voc') ? await vocIn(path) : []),
    ...(isAsked('yolo') ? await yoloIn(path) : []),
    ...(isAsked('coco') || isAsked('labelme') ? await jsonIn(path, split) : []),
    ...(isAsked('csv') ? await csvIn(path) : []),
  ]
  // A table without the expected columns counts only if nothing else was found.
  const others = found.filter(({ format }) => format !== 'csv')
  if (found.length > 0)
    return others.length > 0 ? found.filter(({ format, weight }) => format !== 'csv' || weight > 0) : found
  return above(path, async (folder) => {
    const names = isAsked('yolo') ? ((await namesFile(folder, 1)) ?? (await besideLabels(folder))) : undefined
    return names === undefined ? undefined : { format: 'yolo', path: names, part: path, weight: 0 }
  })
}

const besideLabels = (folder: string): Promise<string | undefined> =>
  firstOf('file', [join(folder, 'labels', 'classes.txt')])

/**
 * The greatest weight of the files; undefined if none of them is of the format. Stops at the first with
 * labels.
 */
async function weigh(
  folder: string,
  files: readonly string[],
  look: (text: string) => Weight | undefined,
): Promise<Weight | undefined> {
  let most: Weight | undefined
  for (const file of files.slice(0, CANDIDATES)) {
    const weight = look(await readText(join(folder, file), file).catch(() => ''))
    if (weight !== undefined) most = Math.max(weight, most ?? 0) as Weight
    if (most === 2) break
  }
  return most
}

async function vocIn(path: string): Promise<Weighed[]> {
  const files = await listFiles(path, /\.xml$/i)
  const weight = await weigh(path, files, (text) => {
    if (/<object[\s>]/.test(text)) return 2
    return /<annotation[\s>]/.test(text) ? 1 : undefined
  })
  // The reader reports files that cannot be read.
  if (files.length > 0) return [{ format: 'voc', path, weight: weight ?? 0 }]
  return []
}

async function yoloIn(path: string): Promise<Weighed[]> {
  const names = await namesFile(path)
  if (names === undefined) return []
  const files = (await listFiles(path, /\.txt$/i)).filter((file) => join(path, file) !== names)
  const weight = await weigh(path, files, (text) => {
    if (hasYoloLine(text)) return 2
    return text.trim() === '' ? 1 : undefined
  })
  return [{ format: 'yolo', path: names, folder: path, weight: weight ?? 0 }]
}

/** A folder of LabelMe files, and COCO files in it; other JSON files are passed over. */
async function jsonIn(path: string, split: string | undefined): Promise<Weighed[]> {
  const all = await listFiles(path, /\.json$/i)
  const near = all.filter((file) => /^(annotations\/)?[^/]+$/i.test(file))
  let labelme: Weight | undefined
  const coco: (Weighed & { file: string })[] = []
  // A COCO file is one among few; LabelMe files are many, and alike.
  for (const file of [
    ...near.slice(0, CANDIDATES),
    ...all.filter((file) => !near.includes(file)).slice(0, CANDIDATES),
  ]) {
    const json = await outline(join(path, file))
    if (json === undefined) continue
    if (isLabelMe(json.document)) labelme = Math.max(labelme ?? 0, json.hasLabels ? 2 : 1) as Weight
    else if (isCoco(json.document)) {
      coco.push({ format: 'coco', path: join(path, file), file, weight: json.hasLabels ? 2 : 1, split })
    }
  }
  // Beside instances_val2017.json, COCO has captions and keypoints of the same images.
  const instances = coco.filter(({ file }) => /(^|\/)instances_/.test(file))
  const own = instances.length > 0 ? instances : coco
  const nearest = own.filter(({ file }) => near.includes(file))
  const named = (nearest.length > 0 ? nearest : own).filter(({ file }) =>
    file.endsWith(`${split ?? ''}.json`),
  )
  return [
    ...(labelme === undefined ? [] : [{ format: 'labelme' as const, path, weight: labelme }]),
    ...named.map(({ file: _, ...source }) => source),
  ]
}

/**
 * The members of a JSON file, with its lists left empty. Undefined if it is not JSON, since a folder may
 * contain any file.
 */
export async function outline(path: string): Promise<{ document: unknown; hasLabels: boolean } | undefined> {
  let hasLabels = false
  const take = (): void => {
    hasLabels = true
  }
  try {
    return {
      document: await readJsonObject(path, path, { lists: ['annotations', 'shapes'], take }),
      hasLabels,
    }
  } catch (error) {
    if (error instanceof CodedError) return undefined
    throw error
  }
}

async function csvIn(path: string): Promise<Weighed[]> {
  const files = await listFiles(path, /\.csv$/i, 1)
  const fitting: Weighed[] = []
  for (const file of files) {
    const text = await readText(join(path, file), file).catch(() => '')
    if (isCsv(text))
      fitting.push({ format: 'csv', path: join(path, file), weight: text.trim().includes('\n') ? 2 : 1 })
  }
  // If there is nothing else, the reader refuses this table and names the columns that are missing.
  return fitting.length > 0
    ? fitting
    : files.map((file) => ({ format: 'csv', path: join(path, file), weight: 0 }))
}

/** Asks the parent folders of a path, the nearest first. */
async function above(
  path: string,
  ask: (folder: string) => Promise<Weighed | undefined>,
): Promise<Weighed[]> {
  let folder = path
  for (let level = 0; level < LEVELS && dirname(folder) !== folder; level++) {
    folder = dirname(folder)
    const found = await ask(folder)
    if (found !== undefined) return [found]
  }
  return []
}
