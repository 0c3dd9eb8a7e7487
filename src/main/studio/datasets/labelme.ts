/** Folders of LabelMe files: one JSON beside each image, in subfolders too. */
import { join } from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import { safeRelativePath } from '../../../core/formats/checks.ts'
import type { Problem } from '../../../core/formats/dataset.ts'
import { parseLabelMe } from '../../../core/formats/labelme.ts'
import { classNamesOf, fromNamed, type NamedImage } from '../../../core/formats/named.ts'
import { baseName, folderOf, inside, stemOf } from '../../../core/formats/paths.ts'
import { parseJson } from '../../../core/formats/problems.ts'
import { IMAGE_FILE, kindOf, listFiles, mapConcurrent, readText } from './files.ts'
import type { Loaded, LoadOptions } from './loaded.ts'

/** Reads a folder. Class ids count from 1 in name order. Images without a JSON file are reported. */
export async function readLabelMe(root: string, options: LoadOptions): Promise<Loaded> {
  const imageRoot = options.images ?? root
  const files = (await kindOf(imageRoot)) === 'folder' ? await listFiles(imageRoot, IMAGE_FILE) : []
  const images = new Set(files)
  const byStem = new Map(files.map((file) => [stemOf(file), file]))
  const problems: Problem[] = []
  const named = new Map<string, NamedImage>()
  const skip = (file: string, reason: string): void => {
    problems.push({ file, where: '', reason, action: 'skipped' })
  }

  const labels = await listFiles(root, /\.json$/i)
  const parsed = await mapConcurrent(
    labels,
    async (label) => {
      try {
        return { label, ...parseLabelMe(parseJson(await readText(join(root, label), label), label), label) }
      } catch (error) {
        if (!(error instanceof CodedError)) throw error
        return { label, reason: error.message }
      }
    },
    options,
  )
  for (const page of parsed) {
    if ('reason' in page) {
      skip(page.label, page.reason)
      continue
    }
    const { label, document, log } = page
    const fileName = imageOf(label, document.imagePath, images, byStem)
    if (named.has(fileName)) skip(label, `another file has labels of ${fileName}`)
    else {
      problems.push(...log.problems)
      named.set(fileName, { ...document, fileName })
    }
  }
  for (const file of files) if (!named.has(file)) skip(file, 'it has no JSON file')
  const list = [...named.values()].map(({ fileName, width, height, objects }) => ({
    fileName,
    width,
    height,
    objects,
  }))
  return { dataset: fromNamed(list, classNamesOf(list)), imageRoot, problems }
}

/**
 * The image that a document describes: what imagePath names if that lies in the data set, else the file of that name
 * beside the document, else the one with the document's name.
 */
function imageOf(
  label: string,
  imagePath: string | undefined,
  images: ReadonlySet<string>,
  byStem: ReadonlyMap<string, string>,
): string {
  const folder = folderOf(label)
  const fallback = byStem.get(stemOf(label)) ?? `${stemOf(label)}.jpg`
  const written = imagePath?.replaceAll('\\', '/')
  if (!written) return fallback
  const beside = safeRelativePath(baseName(written))
  const joined = resolveInside(folder, written)
  for (const name of [joined, beside && inside(folder, beside)]) if (name && images.has(name)) return name
  return byStem.get(stemOf(label)) ?? joined ?? (beside ? inside(folder, beside) : fallback)
}

/** `../images/a.jpg` seen from `labels` is `images/a.jpg`; undefined if the path leaves the data set. */
function resolveInside(folder: string, path: string): string | undefined {
  const parts = folder === '' ? [] : folder.split('/')
  let rest = path
  for (; rest.startsWith('../'); rest = rest.slice(3)) if (parts.pop() === undefined) return undefined
  return safeRelativePath([...parts, rest].join('/'))
}
