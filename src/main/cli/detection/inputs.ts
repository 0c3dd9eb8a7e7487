/** Resolves the images on a command line: files, folders, globs and data sets. */
import { glob } from 'node:fs/promises'
import path from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import type { Annotation, Category } from '../../../core/formats/dataset.ts'
import type { Size } from '../../../core/geometry/box.ts'
import { IMAGE_FILE, kindOf, listFiles, toSlashes } from '../../studio/datasets/files.ts'
import type { Loaded, LoadOptions } from '../../studio/datasets/index.ts'
import { loadLabels } from '../../studio/project/index.ts'

export interface InputImage {
  /** From the data set, or numbered from 1. */
  readonly id: number
  /** In a data set, relative to its image folder; otherwise, to the deepest folder that contains all images. */
  readonly fileName: string
  readonly path: string
  /** Ground truth and the names of its classes, for images of a data set. */
  readonly truth: readonly { readonly box: Annotation['box']; readonly name: string }[]
  /** The size given by the labels, and the classes of the data set; null for an image from no data set. */
  readonly labelled: { readonly size: Size; readonly categories: readonly Category[] } | null
}

/**
 * Images in the order of the arguments, with those of a folder or glob sorted by name, each only once. A folder that is a
 * data set yields its labelled images, with their ids.
 *
 * @throws CodedError USAGE_NO_IMAGES; those of loadLabels for data sets that cannot be read.
 */
export async function findImages(args: readonly string[], options: LoadOptions = {}): Promise<InputImage[]> {
  const labelled: InputImage[] = []
  const plain: string[] = []
  for (const arg of args) {
    const found = await resolve(arg, options)
    if (Array.isArray(found)) for (const file of found) plain.push(file)
    else for (const image of imagesOf(found)) labelled.push(image)
  }
  const root = commonFolder(plain)
  const taken = new Set<number>()
  const seen = new Set<string>()
  const images: InputImage[] = []
  const add = (image: Omit<InputImage, 'id'>, wanted: number): void => {
    if (seen.has(image.path)) return
    seen.add(image.path)
    let id = wanted
    while (taken.has(id)) id++
    taken.add(id)
    images.push({ ...image, id })
  }
  for (const { id, ...image } of labelled) add(image, id)
  let next = 1
  for (const file of plain) {
    add({ fileName: toSlashes(path.relative(root, file)), path: file, truth: [], labelled: null }, next)
    next = images.at(-1)!.id + 1
  }
  if (images.length === 0)
    throw new CodedError(
      'USAGE_NO_IMAGES',
      `There are no images${args.length > 0 ? ` in ${args.join(', ')}` : ''}`,
    )
  return images
}

/** Absolute paths of images, or a data set. */
async function resolve(arg: string, options: LoadOptions): Promise<string[] | Loaded> {
  const kind = await kindOf(arg)
  if (kind === 'file' && IMAGE_FILE.test(arg)) return [path.resolve(arg)]
  if (kind === 'folder') return (await datasetAt(arg, options)) ?? imagesIn(arg)
  if (kind === undefined && /[*?[{]/.test(arg)) return matching(arg)
  return loadLabels(arg, options)
}

async function datasetAt(folder: string, options: LoadOptions): Promise<Loaded | undefined> {
  try {
    const loaded = await loadLabels(folder, options)
    // LabelMe files may exist for only some of the images, often those that are done.
    return loaded.format === 'labelme' && !options.from ? undefined : loaded
  } catch (error) {
    if (error instanceof CodedError && ['DATA_FORMAT', 'DATA_LABELS_MISSING'].includes(error.code))
      return undefined
    throw error
  }
}

async function imagesIn(folder: string): Promise<string[]> {
  // Pipes are listed too, because the reader of images then reports them. If they were left out here, they would
  // be skipped silently.
  const files = await listFiles(folder, IMAGE_FILE, Infinity, true)
  if (files.length > 0) return files.map((file) => path.resolve(folder, file))
  throw new CodedError('USAGE_NO_IMAGES', `There is no image in ${folder}`)
}

async function matching(pattern: string): Promise<string[]> {
  const images: string[] = []
  for await (const file of glob(pattern)) if (IMAGE_FILE.test(file)) images.push(file)
  images.sort()
  if (images.length > 0) return images.map((file) => path.resolve(file))
  throw new CodedError('USAGE_NO_IMAGES', `No image matches ${pattern}`)
}

function imagesOf({ dataset, imageRoot }: Loaded): InputImage[] {
  const names = new Map(dataset.categories.map(({ id, name }) => [id, name]))
  const { categories } = dataset
  return dataset.images.map(({ id, fileName, width, height, annotations }) => ({
    id,
    fileName,
    labelled: { size: { width, height }, categories },
    path: path.resolve(imageRoot, fileName),
    truth: annotations.map(({ box, categoryId }) => ({ box, name: names.get(categoryId)! })),
  }))
}

/** The deepest folder that holds all files. */
function commonFolder(files: readonly string[]): string {
  const [first, ...others] = files.map((file) => path.dirname(file).split(path.sep))
  if (first === undefined) return ''
  const differs = first.findIndex((part, i) => others.some((parts) => parts[i] !== part))
  return first.slice(0, differs === -1 ? undefined : differs).join(path.sep) || path.sep
}
