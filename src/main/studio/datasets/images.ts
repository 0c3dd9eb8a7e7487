/** The images of a data set: where they lie, whether they are there, how large they are. */
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import type { Dataset, DatasetImage, Problem } from '../../../core/formats/dataset.ts'
import { byText } from '../../../core/formats/named.ts'
import { measure } from '../../images/header.ts'
import { kindOf, mapConcurrent } from './files.ts'
import type { LoadRun } from './loaded.ts'

/** Folders looked into for the images of a label file, and files looked for in each. */
const FOLDERS = 100
const SAMPLE = 20

/**
 * The folder that the file names of a label file are relative to: the label file's own, `images` or another one in
 * it, or one beside it (`annotations/x.json` and `val2017/`). Undefined if a sample of the images is in none.
 */
export async function findImageRoot(labelFile: string, dataset: Dataset): Promise<string | undefined> {
  const step = Math.max(1, Math.floor(dataset.images.length / SAMPLE))
  const sample = dataset.images.filter((_, index) => index % step === 0).slice(0, SAMPLE)
  let best: { root: string; found: number } | undefined
  for (const root of await candidateRoots(labelFile)) {
    const kinds = await Promise.all(sample.map(({ fileName }) => kindOf(join(root, fileName))))
    const found = kinds.filter((kind) => kind === 'file').length
    if (found > (best?.found ?? 0)) best = { root, found }
    if (found === sample.length) break
  }
  return best?.root
}

async function candidateRoots(labelFile: string): Promise<string[]> {
  const own = dirname(labelFile)
  const parent = dirname(own)
  const isAnnotations = /^annotations$/i.test(basename(own))
  const roots = [own, ...(await subfolders(own))]
  if (isAnnotations) {
    const beside = await subfolders(parent)
    const images = beside.filter((folder) => /^images$/i.test(basename(folder)))
    roots.push(parent, ...beside, ...(await Promise.all(images.map(subfolders))).flat())
  }
  return roots.slice(0, FOLDERS)
}

async function subfolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const isFirst = (name: string): boolean => /^(images|JPEGImages)$/i.test(name)
  return entries
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map(({ name }) => name)
    .sort((a, b) => Number(isFirst(b)) - Number(isFirst(a)) || byText(a, b))
    .map((name) => join(folder, name))
}

/**
 * Leaves out images whose file is missing (or keeps them, where only the labels matter) and fills in sizes that the
 * labels do not say. Throws DATA_IMAGES_MISSING if not a single image is there.
 */
export async function settleImages(
  dataset: Dataset,
  imageRoot: string,
  missing: 'skip' | 'keep',
  run: LoadRun = {},
): Promise<{ dataset: Dataset; problems: Problem[] }> {
  const problems: Problem[] = []
  const skip = (file: string, reason: string): undefined => {
    problems.push({ file, where: '', reason, action: 'skipped' })
  }
  const settle = async (image: DatasetImage): Promise<DatasetImage | undefined> => {
    if (missing === 'keep' && image.width > 0) return image
    const path = join(imageRoot, image.fileName)
    if ((await kindOf(path)) !== 'file') {
      return missing === 'keep' ? image : skip(image.fileName, 'there is no such image file')
    }
    if (image.width > 0) return image
    const size = await measure(path)
    if (size) return { ...image, ...size }
    return missing === 'keep' ? image : skip(image.fileName, 'it is not an image that can be read')
  }
  const images = (await mapConcurrent(dataset.images, settle, run)).filter((image) => image !== undefined)
  if (images.length === 0 && dataset.images.length > 0) {
    const example = dataset.images[0]!.fileName
    throw imagesMissing(
      `None of the ${dataset.images.length} images was found in ${imageRoot}, as for example ${example}`,
    )
  }
  return { dataset: { ...dataset, images }, problems: problems.sort((a, b) => byText(a.file, b.file)) }
}

export const imagesMissing = (message: string): CodedError =>
  new CodedError('DATA_IMAGES_MISSING', message, 'Name the folder of the images with --images')
