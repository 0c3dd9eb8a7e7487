/** Pascal VOC folders: Annotations, JPEGImages and ImageSets/Main; or XML files beside the images, as labelImg saves them. */
import { join } from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import type { Problem } from '../../../core/formats/dataset.ts'
import { classNamesOf, fromNamed, type NamedImage } from '../../../core/formats/named.ts'
import { baseName, folderOf, inside, stemOf } from '../../../core/formats/paths.ts'
import { ProblemLog } from '../../../core/formats/problems.ts'
import { parseVoc } from '../../../core/formats/voc.ts'
import { firstOf, IMAGE_FILE, kindOf, listFiles, mapConcurrent, readText } from './files.ts'
import type { Loaded, LoadOptions } from './loaded.ts'

/** The folder of XML files in a VOC data set, or undefined if there is none. */
export async function annotationsFolder(root: string): Promise<string | undefined> {
  const folder = await firstOf('folder', [join(root, 'Annotations'), join(root, 'annotations')])
  return folder && (await listFiles(folder, /\.xml$/i)).length > 0 ? folder : undefined
}

/**
 * Reads a VOC folder, or the images of one list of it. Class ids count from 1 in the order of the names of the
 * whole folder, so that all lists of it agree. Images without an XML file are not annotated: they are reported.
 * Throws DATA_LIST if there is no such list.
 */
export async function readVoc(
  root: string,
  selection: { readonly split?: string | undefined; readonly list?: string | undefined },
  options: LoadOptions,
): Promise<Loaded> {
  const folder = (await annotationsFolder(root)) ?? root
  const imageRoot = options.images ?? (await imagesFolder(root, folder))
  const labels = await listFiles(folder, /\.xml$/i)
  const images = new Map<string, string>()
  if (await kindOf(imageRoot)) {
    for (const file of await listFiles(imageRoot, IMAGE_FILE)) images.set(stemOf(file), file)
  }
  const prefix = folder === root ? '' : baseName(folder.replaceAll('\\', '/'))
  const pages = await mapConcurrent(
    labels,
    (label) => readPage(join(folder, label), inside(prefix, label), label, images),
    options,
  )
  const byStem = new Map(pages.map((page) => [page.stem, page]))
  const stems = new Set([...byStem.keys(), ...images.keys()])
  const lists = await readLists(root, stems)

  const classNames = classNamesOf(pages.flatMap(({ image }) => image ?? []))
  const chosen = await choose(root, selection, lists, stems)
  const problems: Problem[] = [...(chosen?.problems ?? [])]
  const named: NamedImage[] = []
  for (const stem of chosen?.stems ?? stems) {
    const page = byStem.get(stem)
    problems.push(...(page?.problems ?? [noLabels(images.get(stem)!)]))
    if (page?.image === undefined) continue
    const splits = chosen ? [] : [...lists].filter(([, { stems }]) => stems.has(stem)).map(([name]) => name)
    named.push({ ...page.image, ...(splits.length > 0 && { splits }) })
  }
  return { dataset: fromNamed(named, classNames), imageRoot, problems }
}

const noLabels = (file: string): Problem => ({
  file,
  where: '',
  reason: 'it has no XML file',
  action: 'skipped',
})

async function imagesFolder(root: string, annotations: string): Promise<string> {
  if (annotations === root) return root
  return (
    (await firstOf(
      'folder',
      ['JPEGImages', 'images', 'Images'].map((name) => join(root, name)),
    )) ?? root
  )
}

interface Page {
  readonly stem: string
  readonly image?: NamedImage
  readonly problems: Problem[]
}

/** The image is the one with the XML file's name; only if there is none, the one that `<filename>` names. */
async function readPage(
  path: string,
  file: string,
  label: string,
  images: Map<string, string>,
): Promise<Page> {
  const stem = stemOf(label)
  try {
    const { document, log } = parseVoc(await readText(path, file), file)
    const named = document.fileName === undefined ? `${stem}.jpg` : inside(folderOf(label), document.fileName)
    const { width, height, objects } = document
    return {
      stem,
      image: { fileName: images.get(stem) ?? named, width, height, objects },
      problems: log.problems,
    }
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    return { stem, problems: [{ file, where: '', reason: error.message, action: 'skipped' }] }
  }
}

interface List {
  readonly stems: Set<string>
  readonly problems: Problem[]
}

/** The lists in ImageSets/Main. VOC's lists per class ("name 1", "name -1") are no splits and are left aside. */
async function readLists(root: string, known: ReadonlySet<string>): Promise<Map<string, List>> {
  const lists = new Map<string, List>()
  const folder = join(root, 'ImageSets', 'Main')
  if ((await kindOf(folder)) !== 'folder') return lists
  for (const file of await listFiles(folder, /\.txt$/i, false)) {
    const text = await readText(join(folder, file), `ImageSets/Main/${file}`)
    const first = text.split('\n', 1)[0]!.trim()
    if (/\s-?[01]$/.test(first) && !known.has(first)) continue
    lists.set(stemOf(file), parseList(text, `ImageSets/Main/${file}`, known))
  }
  return lists
}

/** One name a line, without extension; "name -1" of VOC's lists per class leaves the image out. */
function parseList(text: string, file: string, known: ReadonlySet<string>): List {
  const log = new ProblemLog(file)
  const stems = new Set<string>()
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim().replaceAll('\\', '/')
    if (line === '') continue
    const flagged = /^(.*\S)\s+(-1|0|1)$/.exec(line)
    const names = [line, stemOf(line), ...(flagged ? [flagged[1]!] : [])]
    const stem = names.find((name) => known.has(name))
    if (stem === undefined) log.skip(`line ${index + 1}`, `there is no image ${JSON.stringify(line)}`)
    else if (stem === line || flagged?.[2] !== '-1') stems.add(stem)
  }
  return { stems, problems: log.problems }
}

async function choose(
  root: string,
  { split, list }: { readonly split?: string | undefined; readonly list?: string | undefined },
  lists: ReadonlyMap<string, List>,
  known: ReadonlySet<string>,
): Promise<List | undefined> {
  if (list !== undefined) return parseList(await readText(list, list), list, known)
  if (split === undefined) return undefined
  const chosen = lists.get(split)
  if (chosen) return chosen
  throw new CodedError(
    'DATA_LIST',
    `${root} has no list ImageSets/Main/${split}.txt`,
    lists.size > 0 ? `It has ${[...lists.keys()].join(', ')}` : undefined,
  )
}
