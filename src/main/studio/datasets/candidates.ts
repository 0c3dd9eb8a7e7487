/**
 * Finds every data set in a folder and its subfolders by the contents of the files, so that the window can
 * offer to import labels that nobody has mentioned.
 */
import { createHash } from 'node:crypto'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isCoco } from '../../../core/formats/coco.ts'
import { isCsv } from '../../../core/formats/csv.ts'
import type { Format } from '../../../core/formats/formats.ts'
import { isLabelMe } from '../../../core/formats/labelme.ts'
import { baseName, folderOf, stemOf } from '../../../core/formats/paths.ts'
import { hasYoloLine } from '../../../core/formats/yolo.ts'
import { decoderOf, IMAGE_FILE, listFiles, mapConcurrent, readText } from './files.ts'
import { outline } from './source.ts'
import { isNamesFile } from './yolo.ts'

export interface Candidate {
  readonly format: Format
  /** What to give to loadDataset, together with the format: a folder, or a file. */
  readonly path: string
  /** Where it is, relative to the folder that was searched: '' for that folder itself; a file's path for COCO and CSV. */
  readonly place: string
  /** Number of files with labels. */
  readonly files: number
  /** Other where a file was added, removed or changed. */
  readonly fingerprint: string
  /** Why it cannot be imported as it is, and what would help; null if it can. */
  readonly obstacle: string | null
}

const LABEL_FILE = /\.(xml|json|csv|txt|ya?ml|data|names|labels)$/i

/** Number of files of one folder that are read while none of them has labels. */
const LOOKED_INTO = 40

/**
 * The fingerprint covers size and time of every file up to this number of files, and only the names beyond
 * it.
 */
const MOST_STATS = 5000

const HEAD_BYTES = 64 * 1024

const NO_NAMES =
  'nothing names their classes: add a classes.txt there, with one name per line, in the order of the numbers'

type Files = readonly string[]

/**
 * Sources with labels only; several files of one kind count as one data set, unless two folders label images of the same
 * name. `leaveOut` is asked about relative paths of files.
 */
export async function candidatesIn(
  root: string,
  leaveOut: (file: string) => boolean = () => false,
): Promise<Candidate[]> {
  const all = await listFiles(root, new RegExp(`${LABEL_FILE.source}|${IMAGE_FILE.source}`, 'i'))
  const files = all.filter((file) => LABEL_FILE.test(file) && !leaveOut(file))
  const of = (pattern: RegExp): Files => files.filter((file) => pattern.test(file))
  const images = new Set(all.filter((file) => IMAGE_FILE.test(file)).map(stemOf))
  return [
    ...(await vocIn(root, of(/\.xml$/i), images)),
    ...(await yoloIn(root, of(/\.(txt|ya?ml|data|names|labels)$/i), images)),
    ...(await jsonIn(root, of(/\.json$/i), images)),
    ...(await csvIn(root, of(/\.csv$/i))),
  ]
}

/** Relative paths of the image files, without their extensions. */
type Stems = ReadonlySet<string>

const byFolder = (files: Files): Map<string, string[]> => Map.groupBy(files, folderOf)

const textOf = (root: string, file: string): Promise<string> =>
  readText(join(root, file), file).catch(() => '')

async function some(files: Files, isOne: (file: string) => Promise<boolean>): Promise<boolean> {
  for (const file of files.slice(0, LOOKED_INTO)) if (await isOne(file)) return true
  return false
}

const isVoc = (text: string): boolean => /<annotation[\s>]/.test(text) && /<object[\s>]/.test(text)

async function vocIn(root: string, files: Files, images: Stems): Promise<Candidate[]> {
  const folders: string[][] = []
  for (const group of byFolder(files).values()) {
    if (await some(group, async (file) => isVoc(await textOf(root, file)))) folders.push(group)
  }
  return documents(root, 'voc', folders, images)
}

/**
 * Folders of documents, one for each image, are one data set below the folder that they share, unless two of them
 * describe images of the same name: then they may be two versions of the same labels.
 */
async function documents(
  root: string,
  format: Format,
  folders: readonly Files[],
  images: Stems,
): Promise<Candidate[]> {
  const stems = folders.flatMap((files) => [...new Set(files.map((file) => stemOf(baseName(file))))])
  const isBesideImages = folders.flat().every((file) => images.has(stemOf(file)))
  const isOne = isBesideImages || new Set(stems).size === stems.length
  const groups = isOne && folders.length > 0 ? [folders.flat()] : folders
  return mapConcurrent(groups, async (group) => {
    const place = group.map(folderOf).reduce(shared)
    return { format, path: join(root, place), place, ...(await facts(root, group)), obstacle: null }
  })
}

/** The deepest folder that contains both. */
function shared(a: string, b: string): string {
  const [one, other] = [a.split('/'), b.split('/')]
  const differ = one.findIndex((part, i) => part !== other[i])
  return differ < 0 ? a : one.slice(0, differ).join('/')
}

async function yoloIn(root: string, files: Files, images: Stems): Promise<Candidate[]> {
  const named = new Set<string>()
  for (const file of files) if (await isNamesFile(root, file)) named.add(file)
  const folders: string[][] = []
  const texts = files.filter((file) => /\.txt$/i.test(file) && !named.has(file))
  for (const group of byFolder(texts).values()) {
    if (await some(group, async (file) => hasYoloLine(await textOf(root, file)))) folders.push(group)
  }
  let left: readonly Files[] = folders
  const found: Candidate[] = []
  const depth = (file: string): number => file.split('/').length
  // Where a data set has both data.yaml and classes.txt, prefer the outer file, then the YAML file, which
  // tell more.
  const names = [...named].sort(
    (a, b) => depth(a) - depth(b) || Number(/\.ya?ml$/i.test(b)) - Number(/\.ya?ml$/i.test(a)),
  )
  for (const file of names) {
    const folder = folderOf(file)
    const place = /^labels$/i.test(baseName(folder)) ? folderOf(folder) : folder
    const own = left.filter(([first]) => place === '' || first!.startsWith(`${place}/`))
    if (own.length === 0) continue
    left = left.filter((group) => !own.includes(group))
    const more = await facts(root, own.flat())
    found.push({ format: 'yolo', path: join(root, file), place, ...more, obstacle: null })
  }
  // Without a file of class names, a table of numbers counts as labels only if it is named after an image.
  const imageNames = new Set([...images].map(baseName))
  const nameless = left.filter((group) => group.some((file) => imageNames.has(stemOf(baseName(file)))))
  const others = await documents(root, 'yolo', nameless, images)
  return [...found, ...others.map((one) => ({ ...one, obstacle: NO_NAMES }))]
}

async function jsonIn(root: string, files: Files, images: Stems): Promise<Candidate[]> {
  const labelme: string[][] = []
  const coco: string[] = []
  for (const group of byFolder(files).values()) {
    // One COCO file may lie among thousands of others.
    const likely = (file: string): number => Number(!/coco|instances|annotation|label/i.test(baseName(file)))
    let isLabelMes = false
    const found: string[] = []
    for (const file of group.toSorted((a, b) => likely(a) - likely(b)).slice(0, LOOKED_INTO)) {
      const kind = await kindOfJson(join(root, file))
      if (kind === 'labelme') isLabelMes = true
      if (kind === 'coco') found.push(file)
    }
    // Beside instances_val2017.json, COCO has captions and keypoints of the same images.
    const instances = found.filter((file) => /^instances_/.test(baseName(file)))
    coco.push(...(instances.length > 0 ? instances : found))
    if (isLabelMes) labelme.push(group.filter((file) => !found.includes(file)))
  }
  const single = await mapConcurrent(coco, (file) => singleFile(root, 'coco', file))
  return [...single, ...(await documents(root, 'labelme', labelme, images))]
}

/** The kind of each JSON file by path, size and time, so that a large file is not read at every search. */
const knownJson = new Map<string, 'coco' | 'labelme' | undefined>()

async function kindOfJson(path: string): Promise<'coco' | 'labelme' | undefined> {
  const { size, mtimeMs } = await stat(path)
  const key = `${path}:${size}:${mtimeMs}`
  if (!knownJson.has(key)) {
    const json = await outline(path)
    const document = json?.hasLabels ? json.document : undefined
    knownJson.set(key, isLabelMe(document) ? 'labelme' : isCoco(document) ? 'coco' : undefined)
  }
  return knownJson.get(key)
}

async function csvIn(root: string, files: Files): Promise<Candidate[]> {
  const found: Candidate[] = []
  for (const file of files.slice(0, LOOKED_INTO)) {
    const head = await headOf(join(root, file))
    if (isCsv(head) && head.trim().includes('\n')) found.push(await singleFile(root, 'csv', file))
  }
  return found
}

async function headOf(path: string): Promise<string> {
  const file = await open(path).catch(() => undefined)
  if (file === undefined) return ''
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    const bytes = buffer.subarray(0, bytesRead)
    return new TextDecoder(decoderOf(bytes).encoding).decode(bytes)
  } catch {
    return ''
  } finally {
    await file.close()
  }
}

async function singleFile(root: string, format: Format, file: string): Promise<Candidate> {
  return { format, path: join(root, file), place: file, ...(await facts(root, [file])), obstacle: null }
}

async function facts(root: string, files: Files): Promise<Pick<Candidate, 'files' | 'fingerprint'>> {
  const hash = createHash('sha256')
  const times =
    files.length > MOST_STATS
      ? []
      : await mapConcurrent(files, async (file) => {
          const stats = await stat(join(root, file)).catch(() => undefined)
          return `${stats?.size} ${stats?.mtimeMs}`
        })
  for (const [i, file] of files.entries()) hash.update(`${file}\0${times[i] ?? ''}\0`)
  return { files: files.length, fingerprint: hash.digest('hex').slice(0, 32) }
}
