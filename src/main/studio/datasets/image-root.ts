/** Where the images of a label file lie. Reads no image, so that whoever asks loads no decoder. */
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import type { Dataset } from '../../../core/formats/dataset.ts'
import { byText } from '../../../core/formats/named.ts'
import { IMAGE_FILE, kindOf, listFiles } from './files.ts'

/**
 * Number of folders that are searched for the images of a label file, and of files that are looked up in
 * each.
 */
const FOLDERS = 100
const SAMPLE = 20

/**
 * The folder that the file names of a label file are relative to: the label file's own, `images` or another one in
 * it, or one beside it (`annotations/x.json` and `val2017/`). Of several that hold files of these names, the one that the
 * label file is named after. Undefined if a sample of the images is in none.
 *
 * @throws CodedError DATA_IMAGES_AMBIGUOUS where several folders hold other pictures under the same names.
 */
export async function findImageRoot(labelFile: string, dataset: Dataset): Promise<string | undefined> {
  const step = Math.max(1, Math.floor(dataset.images.length / SAMPLE))
  const sample = dataset.images.filter((_, index) => index % step === 0).slice(0, SAMPLE)
  let most = 1
  let best: string[] = []
  for (const root of await candidateRoots(labelFile)) {
    const kinds = await Promise.all(sample.map(({ fileName }) => kindOf(join(root, fileName))))
    const found = kinds.filter((kind) => kind === 'file').length
    if (found > most) best = []
    if (found >= most) best.push(root)
    most = Math.max(most, found)
  }
  if (best.length < 2 || best[0] === dirname(labelFile)) return best[0]
  const named = best.filter((root) => isNamedAfter(labelFile, root))
  if (named.length === 1) return named[0]
  const usual = best.filter((root) => USUAL.test(basename(root)))
  if (usual.length === 1) return usual[0]
  const contents = await Promise.all(best.map((root) => bytesOf(root, sample)))
  if (contents.every((bytes) => bytes === contents[0])) return best[0]
  throw new CodedError(
    'DATA_IMAGES_AMBIGUOUS',
    `${labelFile}: ${best.join(' and ')} both have pictures of the names that it labels`,
    'Name the folder of the images with --images, or put the labels into it',
  )
}

const USUAL = /^(images|JPEGImages)$/i

/** For example, instances_val2017.json is named after val2017 and after val. */
function isNamedAfter(labelFile: string, root: string): boolean {
  const words = (name: string): string[] => {
    const parts = name.toLowerCase().split(/[^\p{L}\p{N}]+/u)
    return [...parts, ...parts.map((part) => part.replace(/\d+$/, ''))].filter((word) => word !== '')
  }
  const known = new Set(words(basename(labelFile).replace(/\.[^.]*$/, '')))
  return words(basename(root)).some((word) => known.has(word))
}

/** File sizes of a sample of the pictures; they are equal in folders that are copies. */
async function bytesOf(root: string, sample: Dataset['images']): Promise<string> {
  const sizes = await Promise.all(
    Array.from(sample, ({ fileName }) =>
      stat(join(root, fileName)).then(
        ({ size }) => size,
        () => -1,
      ),
    ),
  )
  return sizes.join()
}

async function candidateRoots(labelFile: string): Promise<string[]> {
  const own = dirname(labelFile)
  const parent = dirname(own)
  const roots = [own, ...(await subfolders(own))]
  // A folder that holds only labels has its pictures in a neighbouring folder, whatever the two are
  // called.
  const isOfLabels =
    /^annotations$/i.test(basename(own)) || (await listFiles(own, IMAGE_FILE, 2)).length === 0
  if (isOfLabels) {
    const beside = await subfolders(parent)
    const images = beside.filter((folder) => /^images$/i.test(basename(folder)))
    const below = (await Promise.all(images.map(subfolders))).flat()
    return [...new Set([...roots, parent, ...beside, ...below])].slice(0, FOLDERS)
  }
  return [...new Set(roots)].slice(0, FOLDERS)
}

async function subfolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const isFirst = (name: string): boolean => USUAL.test(name)
  return entries
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map(({ name }) => name)
    .sort((a, b) => Number(isFirst(b)) - Number(isFirst(a)) || byText(a, b))
    .map((name) => join(folder, name))
}
