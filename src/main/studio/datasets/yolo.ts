/** YOLO data sets: a data.yaml with its lists, or images and labels folders with a classes.txt. */
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { CodedError } from '../../../core/contract/errors.ts'
import type { DatasetImage, Problem } from '../../../core/formats/dataset.ts'
import { byText } from '../../../core/formats/named.ts'
import { parseYolo } from '../../../core/formats/yolo.ts'
import { parseClassesTxt, parseDataYaml, type YoloConfig } from '../../../core/formats/yolo-names.ts'
import { firstOf, IMAGE_FILE, kindOf, listFiles, mapConcurrent, readText, toSlashes } from './files.ts'
import { measure } from './images.ts'
import type { Loaded, LoadOptions } from './loaded.ts'

/** The file that names the classes: data.yaml or another YAML with names, classes.txt, obj.names. */
export async function namesFile(root: string): Promise<string | undefined> {
  const yamls = await listFiles(root, /\.ya?ml$/i, false)
  yamls.sort((a, b) => Number(/^data\./i.test(b)) - Number(/^data\./i.test(a)))
  for (const yaml of yamls) {
    const text = await readText(join(root, yaml), yaml).catch(() => '')
    if (/^['"]?names['"]?\s*:/m.test(text)) return join(root, yaml)
  }
  const names = ['classes.txt', 'labels/classes.txt', 'obj.names']
  return firstOf(
    'file',
    names.map((name) => join(root, name)),
  )
}

export interface YoloSource {
  /** The names file, as found by namesFile or given. */
  readonly names: string
  /** What of the data set to read: a list in data.yaml, a .txt file of image paths, or a folder of images. */
  readonly split?: string | undefined
  readonly part?: string | undefined
}

/**
 * Reads a data set or a part of it. An image without a label file shows nothing and is kept. Class ids are those of
 * the names file, from 0. Every image must be there, since coordinates are fractions of its size.
 */
export async function readYolo({ names, split, part }: YoloSource, options: LoadOptions): Promise<Loaded> {
  const own = dirname(names)
  const root = basename(own) === 'labels' ? dirname(own) : own
  const config = await readNames(names)
  const problems: Problem[] = [...config.problems]
  const layout: Layout = { root, images: join(root, 'images'), moved: options.images }
  const base =
    config.root === undefined ? root : ((await firstOf('folder', [resolve(root, config.root)])) ?? root)
  const lists = await chosenLists(layout, base, config, split, part)

  const splitsOf = new Map<string, string[]>()
  for (const [name, paths] of lists) {
    for (const path of paths) {
      const found = await imagePaths(path, layout, base)
      if (found === undefined) {
        problems.push({
          file: basename(names),
          where: name,
          reason: `there is no ${path}`,
          action: 'skipped',
        })
      }
      for (const image of found ?? []) {
        const splits = splitsOf.get(image)
        if (splits === undefined) splitsOf.set(image, name === '' ? [] : [name])
        else if (!splits.includes(name)) splits.push(name)
      }
    }
  }
  if (splitsOf.size === 0)
    throw new CodedError('DATA_IMAGES_MISSING', `${root} has no images of this selection`, REMEDY)

  const paths = [...splitsOf.keys()].sort(byText)
  const imageRoot = options.images ?? commonRoot(paths, [layout.images, base])
  const read = await mapConcurrent(paths, (path) => readImage(path, layout, imageRoot, config))
  const images: DatasetImage[] = []
  for (const [index, { image, problems: own }] of read.entries()) {
    problems.push(...own)
    const splits = splitsOf.get(paths[index]!)!
    if (image) images.push({ ...image, id: images.length + 1, ...(splits.length > 0 && { splits }) })
  }
  if (part === undefined && split === undefined) problems.push(...(await orphans(layout, paths)))
  return { dataset: { categories: config.categories, images }, imageRoot, problems }
}

const REMEDY = 'Name the folder of the images with --images'

/** Image paths are absolute, as if the images lay in the data set; `moved` is where its `images` folder really is. */
interface Layout {
  readonly root: string
  readonly images: string
  readonly moved: string | undefined
}

const realPath = (path: string, { images, moved }: Layout): string =>
  moved !== undefined && isInside(images, path) ? join(moved, relative(images, path)) : path

const isInside = (folder: string, path: string): boolean => {
  const way = relative(folder, path)
  return !way.startsWith('..') && !isAbsolute(way)
}

async function readNames(names: string): Promise<YoloConfig> {
  const file = basename(names)
  const text = await readText(names, file)
  if (/\.ya?ml$/i.test(file)) return parseDataYaml(text, file)
  return { ...parseClassesTxt(text, file), root: undefined, splits: new Map() }
}

/** The lists to read, by name; the name is '' where images need no telling apart. */
async function chosenLists(
  { root, images, moved }: Layout,
  base: string,
  { splits }: YoloConfig,
  split: string | undefined,
  part: string | undefined,
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (part !== undefined) return new Map([['', [part]]])
  const all = moved !== undefined || (await kindOf(images)) === 'folder' ? images : base
  if (split === undefined) {
    // A data set without splits names one folder as train and as val, because readers require both.
    const distinct = new Set([...splits.values()].map(String))
    return distinct.size > 1 ? splits : new Map([['', [...splits.values()][0] ?? [all]]])
  }
  const listed = splits.get(split) ?? (split === 'val' ? splits.get('valid') : undefined)
  if (listed) return new Map([['', listed]])
  const folder = await firstOf('folder', [join(images, split), join(root, split)])
  if (folder) return new Map([['', [folder]]])
  throw new CodedError(
    'DATA_LIST',
    `${root} has no list ${split}`,
    splits.size > 0 ? `It has ${[...splits.keys()].join(', ')}` : undefined,
  )
}

/** The images of a list entry: a folder, or a .txt file with one path a line. Undefined if there is neither. */
async function imagePaths(path: string, layout: Layout, base: string): Promise<string[] | undefined> {
  // Exports often write ../train/images where they mean a folder beside data.yaml.
  const roots = [
    resolve(base, path),
    resolve(layout.root, path),
    join(layout.root, path.replace(/^(\.\.\/)+/, '')),
  ]
  for (const candidate of roots) {
    const real = realPath(candidate, layout)
    const kind = await kindOf(real)
    if (kind === 'folder') return (await listFiles(real, IMAGE_FILE)).map((file) => join(candidate, file))
    if (kind === 'file') {
      const lines = (await readText(real, path)).split('\n').map((line) => line.trim())
      return lines.filter((line) => line !== '').map((line) => resolve(dirname(real), line))
    }
  }
  return undefined
}

/** The nearest folder of the given ones that holds all images, else the deepest one that does. */
function commonRoot(paths: readonly string[], preferred: readonly string[]): string {
  const holds = (folder: string): boolean => paths.every((path) => isInside(folder, path))
  let folder = preferred.find(holds) ?? dirname(paths[0]!)
  while (!holds(folder)) folder = dirname(folder)
  return folder
}

/** `…/images/a/b.jpg` has its labels in `…/labels/a/b.txt`, or beside it. */
function labelPaths(image: string): string[] {
  const slashed = toSlashes(image)
  const stem = slashed.replace(/\.[^./]*$/, '')
  const at = stem.lastIndexOf('/images/')
  const beside = `${stem}.txt`
  return at === -1 ? [beside] : [`${stem.slice(0, at)}/labels/${stem.slice(at + 8)}.txt`, beside]
}

async function readImage(
  path: string,
  layout: Layout,
  imageRoot: string,
  { categories }: YoloConfig,
): Promise<{ image?: Omit<DatasetImage, 'id'>; problems: Problem[] }> {
  const fileName = toSlashes(relative(imageRoot, realPath(path, layout)))
  const skip = (reason: string) => ({
    problems: [{ file: fileName, where: '', reason, action: 'skipped' as const }],
  })
  const label = await firstOf('file', labelPaths(path))
  // A folder of images given apart may hold more than were labelled.
  if (label === undefined && layout.moved !== undefined) return skip('it has no label file')
  const size = await measure(realPath(path, layout))
  if (size === undefined) return skip('there is no such image, or it cannot be read')
  if (label === undefined) return { image: { fileName, ...size, annotations: [] }, problems: [] }
  try {
    const file = toSlashes(relative(layout.root, label))
    const { annotations, log } = parseYolo(await readText(label, file), file, size, categories)
    return { image: { fileName, ...size, annotations }, problems: log.problems }
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    return skip(error.message)
  }
}

/** Label files in `labels` that belong to no image. */
async function orphans({ root }: Layout, images: readonly string[]): Promise<Problem[]> {
  const folder = join(root, 'labels')
  if ((await kindOf(folder)) !== 'folder') return []
  const used = new Set(images.flatMap(labelPaths))
  const labels = await listFiles(folder, /(?<!^classes)\.txt$/i)
  return labels
    .filter((label) => !used.has(toSlashes(join(folder, label))))
    .map((label) => ({
      file: `labels/${label}`,
      where: '',
      reason: 'it belongs to no image',
      action: 'skipped',
    }))
}
