/**
 * Data sets with a document for each image: Pascal VOC XML (in Annotations beside JPEGImages and ImageSets/Main, beside
 * the images as labelImg saves them, or anywhere else) and LabelMe JSON.
 */
import { join } from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import { imageNameIn } from '../../../core/formats/checks.ts'
import type { Problem } from '../../../core/formats/dataset.ts'
import { parseLabelMe } from '../../../core/formats/labelme.ts'
import { classNamesOf, fromNamed, type NamedImage } from '../../../core/formats/named.ts'
import { baseName, folderOf, inside, stemOf } from '../../../core/formats/paths.ts'
import { Leftovers, ProblemLog, parseJson } from '../../../core/formats/problems.ts'
import { parseVoc } from '../../../core/formats/voc.ts'
import { firstOf, kindOf, listFiles, mapConcurrent, readText } from './files.ts'
import type { Loaded, LoadOptions } from './loaded.ts'
import { Pictures, pathKey, stemKey } from './pictures.ts'

interface Content extends Omit<NamedImage, 'fileName' | 'splits'> {
  /** The image as the document names it. */
  readonly named: string | undefined
  readonly problems: readonly Problem[]
}

/** A document, with its image once that is found. */
interface Page extends Partial<Content> {
  readonly label: string
  readonly reason?: string
}

interface Kind {
  readonly pattern: RegExp
  /** What is missing for an image without a document, as the report of problems names it. */
  readonly title: string
  read(text: string, label: string, leftovers: Leftovers): Content
}

const VOC: Kind = {
  pattern: /\.xml$/i,
  title: 'XML',
  read: (text, label, leftovers) => {
    const { document, log } = parseVoc(text, label, leftovers)
    const { fileName: named, ...content } = document
    return { ...content, named, problems: log.problems }
  },
}

const LABELME: Kind = {
  pattern: /\.json$/i,
  title: 'JSON',
  read: (text, label, leftovers) => {
    const { document, log } = parseLabelMe(parseJson(text, label), label, leftovers)
    const { imagePath, ...content } = document
    return { ...content, named: imagePath && imageNameIn(imagePath), problems: log.problems }
  },
}

interface Documents {
  /** File names are relative to the image root. */
  readonly images: readonly (NamedImage & { readonly key: string })[]
  readonly imageRoot: string
  readonly pictures: Pictures
  /** Keyed by the document or picture that they belong to. */
  readonly problems: readonly { readonly key: string; readonly problem: Problem }[]
  readonly notKept: readonly string[]
}

/** Reads all documents of a folder and finds the picture of each. */
async function readDocuments(root: string, kind: Kind, options: LoadOptions): Promise<Documents> {
  const imageFolder = options.images ?? root
  const pictures =
    options.pictures ??
    ((await kindOf(imageFolder)) === 'folder'
      ? await Pictures.in(imageFolder)
      : new Pictures(imageFolder, []))
  const labels = await listFiles(root, kind.pattern)
  const leftovers = new Leftovers()
  const pages = await mapConcurrent(
    labels,
    async (label): Promise<Page> => {
      try {
        return { label, ...kind.read(await readText(join(root, label), label), label, leftovers) }
      } catch (error) {
        if (!(error instanceof CodedError)) throw error
        return { label, reason: error.message }
      }
    },
    options,
  )
  const problems: { key: string; problem: Problem }[] = []
  const tell = (key: string, file: string, action: Problem['action'], reason: string): void => {
    problems.push({ key, problem: { file, where: '', reason, action } })
  }
  const owners = new Map<string, string>()
  const found = pages.map((page) => ({ page, ...pictureOf(page, pictures) }))
  const settled = found.filter(({ page, picture, unclear, stale }) => {
    const { label, reason } = page
    const key = stemKey(label)
    const owner = picture === undefined ? undefined : owners.get(picture)
    for (const problem of page.problems ?? []) problems.push({ key, problem })
    if (picture !== undefined && owner === undefined) owners.set(picture, label)
    if (reason !== undefined) tell(key, label, 'skipped', reason)
    else if (unclear !== undefined) tell(key, label, 'skipped', unclear)
    else if (owner !== undefined) tell(key, label, 'skipped', `${owner} has labels of ${picture} too`)
    else {
      if (stale !== undefined) tell(key, label, 'repaired', stale)
      return true
    }
    return false
  })
  const matched = settled.flatMap(({ picture }) => picture ?? [])
  const { imageRoot, within } =
    options.images || options.pictures ? plainRoot(pictures) : pictures.rootOf(matched)
  // A folder of images that the user names separately may hold unlabelled images too, and a project
  // usually does.
  if (options.pictures === undefined) {
    for (const file of pictures.files) {
      if (!owners.has(file)) tell(stemKey(file), within(file), 'skipped', `it has no ${kind.title} file`)
    }
  }
  const images = settled.map(({ page, picture }) => {
    const { label, width = 0, height = 0, objects = [], named, unreadable } = page
    const folder = withoutFirst(
      folderOf(label),
      imageRoot === pictures.root ? '' : folderOf(label).split('/')[0]!,
    )
    const absent = named === undefined ? `${stemOf(baseName(label))}.jpg` : baseName(named)
    const fileName = picture === undefined ? inside(folder, absent) : within(picture)
    return { key: stemKey(label), fileName, width, height, objects, ...(unreadable && { unreadable }) }
  })
  return { images, imageRoot, pictures, problems, notKept: leftovers.lines() }
}

const plainRoot = ({ root }: Pictures) => ({ imageRoot: root, within: (file: string) => file })

const withoutFirst = (path: string, first: string): string =>
  first !== '' && (path === first || path.startsWith(`${first}/`)) ? path.slice(first.length + 1) : path

/**
 * The picture with the document's name; of several (a.jpg, a.png), the one that the document names; where none has its
 * name, the one that it names, wherever that lies.
 */
function pictureOf(
  { label, named }: Page,
  pictures: Pictures,
): { picture?: string; unclear?: string; stale?: string } {
  const same = pictures.ofLabel(label)
  const name = named && pathKey(baseName(named))
  const chosen = same.length === 1 ? same : same.filter((file) => pathKey(baseName(file)) === name)
  const byName = named === undefined ? undefined : pictures.find(named, folderOf(label))
  if (chosen.length === 1) {
    const picture = chosen[0]!
    const other = byName?.by === 'path' && byName.file !== picture ? byName.file : undefined
    const isOther = other !== undefined && pathKey(baseName(other)) !== pathKey(baseName(picture))
    return {
      picture,
      ...(isOther && { stale: `it names ${other} but has the name of ${picture}: applied to that image` }),
    }
  }
  if (same.length > 1)
    return { unclear: `${same.join(' and ')} have its name: it is not clear which it describes` }
  const found = byName ?? pictures.anywhere(label)
  if (found === undefined) return {}
  return found.by === 'prefix'
    ? { picture: found.file, stale: `taken for ${found.file}, the only image of that name` }
    : { picture: found.file }
}

/** Reads a folder of LabelMe files. Class ids count from 1 in name order. Images without a JSON file are reported. */
export async function readLabelMe(root: string, options: LoadOptions): Promise<Loaded> {
  const { images, imageRoot, problems, notKept } = await readDocuments(root, LABELME, options)
  const named = images.map(({ key: _, ...image }) => image)
  return {
    dataset: fromNamed(named, classNamesOf(named)),
    imageRoot,
    problems: problems.map(({ problem }) => problem),
    notKept,
  }
}

/** The folder of XML files in a VOC data set, or undefined if there is none. */
export async function annotationsFolder(root: string): Promise<string | undefined> {
  const folder = await firstOf('folder', [join(root, 'Annotations'), join(root, 'annotations')])
  return folder && (await listFiles(folder, VOC.pattern)).length > 0 ? folder : undefined
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
  const { images, imageRoot, pictures, problems, notKept } = await readDocuments(root, VOC, options)
  const known = new Known([
    ...images.map(({ key }) => key),
    ...problems.map(({ key }) => key),
    ...pictures.files.map(stemKey),
  ])
  const lists = await readLists(root, known)
  const chosen = await choose(root, selection, lists, known)
  const isChosen = (key: string): boolean => chosen === undefined || chosen.keys.has(key)
  const named = images
    .filter(({ key }) => isChosen(key))
    .map(({ key, ...image }): NamedImage => {
      const splits = chosen ? [] : [...lists].filter(([, { keys }]) => keys.has(key)).map(([name]) => name)
      return { ...image, ...(splits.length > 0 && { splits }) }
    })
  return {
    dataset: fromNamed(named, classNamesOf(images)),
    imageRoot,
    problems: [
      ...(chosen?.problems ?? [...lists.values()].flatMap(({ fault, problems }) => (fault ? problems : []))),
      ...problems.filter(({ key }) => isChosen(key)).map(({ problem }) => problem),
    ],
    notKept,
  }
}

/** Images by the names that a list may give them: their path, or their bare name if it is unique. */
class Known {
  readonly #keys: ReadonlySet<string>
  readonly #byName: ReadonlyMap<string, readonly string[]>

  constructor(keys: readonly string[]) {
    this.#keys = new Set(keys)
    this.#byName = Map.groupBy(this.#keys, baseName)
  }

  find(name: string): string | undefined {
    const key = stemKey(`${name}.x`)
    if (this.#keys.has(key)) return key
    const alike = this.#byName.get(baseName(key)) ?? []
    return alike.length === 1 ? alike[0] : undefined
  }
}

interface List {
  readonly keys: Set<string>
  readonly problems: Problem[]
  /** Why the file cannot be read. */
  readonly fault?: CodedError
}

/** The lists in ImageSets/Main. VOC's lists per class ("name 1", "name -1") are no splits and are left aside. */
async function readLists(root: string, known: Known): Promise<Map<string, List>> {
  const lists = new Map<string, List>()
  const folder = join(root, 'ImageSets', 'Main')
  if ((await kindOf(folder)) !== 'folder') return lists
  for (const file of await listFiles(folder, /\.txt$/i, 1)) {
    const name = `ImageSets/Main/${file}`
    try {
      const text = await readText(join(folder, file), name)
      const first = text.split('\n', 1)[0]!.trim()
      if (/\s-?[01]$/.test(first) && known.find(first) === undefined) continue
      lists.set(stemOf(file), parseList(text, name, known))
    } catch (fault) {
      if (!(fault instanceof CodedError)) throw fault
      const problem: Problem = { file: name, where: '', reason: fault.message, action: 'skipped' }
      lists.set(stemOf(file), { keys: new Set(), problems: [problem], fault })
    }
  }
  return lists
}

/** One name per line, with or without extension. "name -1" in VOC's lists per class excludes the image. */
function parseList(text: string, file: string, known: Known): List {
  const log = new ProblemLog(file)
  const keys = new Set<string>()
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim().replaceAll('\\', '/')
    if (line === '') continue
    const flagged = /^(.*\S)\s+(-1|0|1)$/.exec(line)
    const whole = known.find(line) ?? known.find(stemOf(line))
    const key = whole ?? (flagged ? known.find(flagged[1]!) : undefined)
    if (key === undefined) log.skip(`line ${index + 1}`, `there is no image ${JSON.stringify(line)}`)
    else if (whole !== undefined || flagged?.[2] !== '-1') keys.add(key)
  }
  return { keys, problems: log.problems }
}

async function choose(
  root: string,
  { split, list }: { readonly split?: string | undefined; readonly list?: string | undefined },
  lists: ReadonlyMap<string, List>,
  known: Known,
): Promise<List | undefined> {
  if (list !== undefined) return parseList(await readText(list, list), list, known)
  if (split === undefined) return undefined
  const chosen = lists.get(split)
  if (chosen?.fault) throw chosen.fault
  if (chosen) return chosen
  throw new CodedError(
    'DATA_LIST',
    `${root} has no list ImageSets/Main/${split}.txt`,
    lists.size > 0 ? `It has ${[...lists.keys()].join(', ')}` : undefined,
  )
}
