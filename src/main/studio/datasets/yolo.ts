/** YOLO data sets: a data.yaml or obj.data with its lists, or images and text files with a classes.txt. */
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import { imageNameIn } from '../../../core/formats/checks.ts'
import type { DatasetImage, Problem } from '../../../core/formats/dataset.ts'
import { byText, mergeCategories } from '../../../core/formats/named.ts'
import { baseName, folderOf } from '../../../core/formats/paths.ts'
import { describeProblem, Leftovers, ProblemLog } from '../../../core/formats/problems.ts'
import { hasYoloLine, parseYolo, YoloGrammar } from '../../../core/formats/yolo.ts'
import {
  parseClassesTxt,
  parseDataYaml,
  parseObjData,
  type YoloConfig,
} from '../../../core/formats/yolo-names.ts'
import { measure } from '../../images/header.ts'
import { firstOf, IMAGE_FILE, kindOf, listFiles, mapConcurrent, readText, toSlashes } from './files.ts'
import { imagesMissing } from './images.ts'
import type { Loaded, LoadOptions } from './loaded.ts'
import { Pictures, stemKey } from './pictures.ts'

export interface YoloSelection {
  /** The name of a list in data.yaml, or of a folder in `images`. */
  readonly split?: string | undefined
  /** A .txt file of image paths, or a folder of images. */
  readonly part?: string | undefined
}

const NAMES_FILE = /^(classes\.txt|predefined_classes\.txt|obj\.names|_darknet\.labels)$/i

/** The file that names the classes: data.yaml or another YAML with names, obj.data, classes.txt, obj.names. */
export async function namesFile(root: string, levels = Infinity): Promise<string | undefined> {
  const files = await listFiles(root, /\.ya?ml$|\.data$|\.txt$|\.names$|\.labels$/i, levels)
  const depth = (file: string): number => file.split('/').length
  const nearest = files.toSorted((a, b) => depth(a) - depth(b) || byText(a, b))
  const yamls = nearest.filter((file) => /\.ya?ml$/i.test(file) && depth(file) <= 2)
  yamls.sort(
    (a, b) =>
      depth(a) - depth(b) || Number(/^data\./i.test(baseName(b))) - Number(/^data\./i.test(baseName(a))),
  )
  for (const yaml of yamls) if (await namesClasses(root, yaml)) return join(root, yaml)
  const named =
    nearest.find((file) => /\.data$/i.test(file) && depth(file) === 1) ??
    nearest.find((file) => NAMES_FILE.test(baseName(file)) || (depth(file) === 1 && /\.names$/i.test(file)))
  return named && join(root, named)
}

/** Whether a YAML file contains class names. */
async function namesClasses(root: string, yaml: string): Promise<boolean> {
  const text = await readText(join(root, yaml), yaml).catch((error: unknown) => {
    // A data.yaml in another encoding still counts; reading it reports the encoding.
    if (/^data\.ya?ml$/i.test(baseName(yaml)) && error instanceof CodedError) return 'names:'
    return ''
  })
  return /^['"]?names['"]?\s*:/m.test(text)
}

/** Whether a file, given relative to a folder, names the classes of a data set. */
export const isNamesFile = async (root: string, file: string): Promise<boolean> =>
  NAMES_FILE.test(baseName(file)) ||
  /\.(data|names)$/i.test(file) ||
  (/\.ya?ml$/i.test(file) && (await namesClasses(root, file)))

interface Layout {
  /** The file that names the classes. */
  readonly names: string
  readonly config: YoloConfig
  readonly root: string
  /**
   * The folder that paths in data.yaml are relative to: its `path:` if that folder exists, otherwise the
   * root.
   */
  readonly base: string
}

async function readLayout(names: string, given: string | undefined): Promise<Layout> {
  const folder = dirname(names)
  const root = given ?? (/^labels$/i.test(basename(folder)) ? dirname(folder) : folder)
  const config = await readConfig(names)
  const named =
    config.root === undefined ? undefined : await firstOf('folder', [resolve(folder, config.root)])
  return { names, config, root, base: named ?? folder }
}

async function readConfig(names: string): Promise<YoloConfig> {
  const file = basename(names)
  const text = await readText(names, file)
  if (/\.ya?ml$/i.test(file)) return parseDataYaml(text, file)
  if (!/\.data$/i.test(file)) return { ...parseClassesTxt(text, file), root: undefined, splits: new Map() }
  const { names: listed, splits } = parseObjData(text)
  const folder = dirname(names)
  // Darknet starts from its own folder: data/obj.names is often the file beside obj.data.
  const place = listed && (await firstOf('file', [resolve(folder, listed), join(folder, baseName(listed))]))
  if (!place) {
    throw new CodedError('DATA_YOLO', `${file} names no existing file of classes (names = …)`)
  }
  return {
    ...parseClassesTxt(await readText(place, basename(place)), basename(place)),
    root: undefined,
    splits,
  }
}

interface LabelFile {
  /** Path relative to the root. */
  readonly file: string
  readonly text: string
  /** The reason why an image's label file cannot be read. */
  readonly fault?: string
}

/**
 * Reads the data set whose classes `names` names (data.yaml, classes.txt), or a part of it. An image without a label
 * file shows nothing and is kept, where others have one. Class ids are those of the names file, from 0. Images that are
 * not there are left out, since coordinates are fractions of their size.
 *
 * Throws DATA_IMAGES_MISSING where there are no images of the selection, DATA_LABELS_MISSING where none of them finds a
 * label file, and DATA_LIST for a list that is not there.
 */
export async function readYolo(
  names: string,
  folder: string | undefined,
  selection: YoloSelection,
  options: LoadOptions,
): Promise<Loaded> {
  const layout = await readLayout(names, folder)
  const { root, config } = layout
  const problems: Problem[] = [...config.problems]
  const skip = (file: string, reason: string): void => {
    problems.push({ file, where: '', reason, action: 'skipped' })
  }
  const pictures = options.pictures ?? (await Pictures.in(options.images ?? root))
  const apart = options.pictures !== undefined || options.images !== undefined
  const labels = await readLabels(layout, pictures, options)
  const { labelOf, orphans } = match(labels, pictures, problems)
  const chosen = await select(layout, selection, pictures, labelOf, problems)
  const files = [...chosen.keys()].sort(byText)
  if (files.length === 0) {
    const example = labels.length > 0 ? `, as for example that of ${labels[0]!.file}` : ''
    const cause = problems.find(({ action }) => action === 'skipped')
    const why = cause ? ` (${describeProblem(cause)})` : ''
    throw imagesMissing(`${root} has no images of this selection${example}${why}`)
  }
  const labelled = files.filter((file) => labelOf.has(file))
  if (labelled.length === 0) {
    throw new CodedError(
      'DATA_LABELS_MISSING',
      `None of the ${files.length} images in ${root} has a label file, as for example ${files[0]}`,
      'YOLO labels are text files with the names of their images, beside them or in a folder "labels"',
    )
  }
  const used = apart ? labelled : files
  // A folder of images given apart may hold more than were labelled; in a project, it mostly does.
  if (options.images !== undefined) {
    for (const file of files) if (!labelOf.has(file)) skip(file, 'it has no label file')
  }
  const { imageRoot, within } = apart
    ? { imageRoot: pictures.root, within: (file: string) => file }
    : pictures.rootOf(used)
  const grammar = new YoloGrammar(
    labels.map(({ text }) => text),
    config.shapes,
  )
  const merging = new ProblemLog(basename(names))
  const { categories } = mergeCategories(config.categories, merging)
  problems.push(...merging.problems)
  const leftovers = new Leftovers()
  const read = await mapConcurrent(
    used,
    async (file): Promise<Omit<DatasetImage, 'id'> | undefined> => {
      const size = await measure(join(pictures.root, file))
      const fileName = within(file)
      if (size === undefined) {
        skip(fileName, 'there is no such image, or it cannot be read')
        return undefined
      }
      const splits = chosen.get(file)!
      const place = { fileName, ...size, ...(splits.length > 0 && { splits }) }
      const label = labelOf.get(file)
      if (label === undefined) return { ...place, annotations: [] }
      if (label.fault !== undefined) {
        skip(label.file, label.fault)
        return undefined
      }
      const parsed = parseYolo(label.text, label.file, size, config.categories, grammar, leftovers)
      for (const problem of parsed.log.problems) problems.push(problem)
      const { annotations, dropped } = parsed
      return {
        ...place,
        annotations,
        ...(annotations.length === 0 && dropped > 0 && { unreadable: dropped }),
      }
    },
    options,
  )
  if (selection.part === undefined && selection.split === undefined) {
    for (const file of orphans) skip(file, 'it belongs to no image')
  }
  const images = read
    .filter((image) => image !== undefined)
    .map((image, index) => ({ id: index + 1, ...image }))
  return { dataset: { categories, images }, imageRoot, problems, notKept: leftovers.lines() }
}

/** Text files that may be labels: those with lines of numbers, and empty ones in the place of an image's labels. */
async function readLabels(
  { root, names }: Layout,
  pictures: Pictures,
  options: LoadOptions,
): Promise<LabelFile[]> {
  const files = (await listFiles(root, /\.txt$/i)).filter(
    (file) => !NAMES_FILE.test(baseName(file)) && join(root, file) !== names,
  )
  const { signal } = options
  const read = await mapConcurrent(
    files,
    async (file): Promise<LabelFile | undefined> => {
      const isOfPicture = pictures.ofLabel(file).length > 0
      try {
        const text = await readText(join(root, file), file)
        return isOfPicture || hasYoloLine(text) ? { file, text } : undefined
      } catch (error) {
        if (!(error instanceof CodedError)) throw error
        return isOfPicture ? { file, text: '', fault: error.message } : undefined
      }
    },
    signal && { signal },
  )
  return read.filter((label) => label !== undefined)
}

/** The label file of each picture, and the label files that have none. */
function match(
  labels: readonly LabelFile[],
  pictures: Pictures,
  problems: Problem[],
): { labelOf: Map<string, LabelFile>; orphans: string[] } {
  const labelOf = new Map<string, LabelFile>()
  const orphans: string[] = []
  const note = (file: string, action: Problem['action'], reason: string): void => {
    problems.push({ file, where: '', reason, action })
  }
  const inLabels = (file: string): number => Number(/(^|\/)labels\//i.test(file))
  const ordered = labels.toSorted((a, b) => inLabels(b.file) - inLabels(a.file) || byText(a.file, b.file))
  for (const label of ordered) {
    const { file } = label
    const same = pictures.ofLabel(file)
    const found = same.length === 0 ? pictures.anywhere(file) : undefined
    const folders = new Set(same.map(folderOf))
    if (folders.size > 1) {
      note(file, 'skipped', `${same.join(' and ')} have its name: it is not clear which it describes`)
      continue
    }
    if (same.length > 1)
      note(file, 'repaired', `taken for each of ${same.join(' and ')}, which have its name`)
    if (found?.by === 'prefix') note(file, 'repaired', `taken for ${found.file}, the only image of that name`)
    const own = found ? [found.file] : same
    if (own.length === 0) orphans.push(file)
    for (const picture of own) {
      const other = labelOf.get(picture)
      if (other === undefined) labelOf.set(picture, label)
      else if (label.fault !== undefined) note(file, 'skipped', label.fault)
      else if (other.text.trim() !== label.text.trim())
        note(file, 'skipped', `${other.file} has labels of ${picture} too`)
    }
  }
  return { labelOf, orphans }
}

/** The selected pictures, each with the lists that contain it. */
async function select(
  layout: Layout,
  selection: YoloSelection,
  pictures: Pictures,
  labelOf: ReadonlyMap<string, LabelFile>,
  problems: Problem[],
): Promise<Map<string, string[]>> {
  const log = new ProblemLog(basename(layout.names))
  const chosen = new Map<string, string[]>()
  for (const [name, paths] of await selectLists(layout, selection)) {
    for (const path of paths) {
      const files = path === '' ? pictures.files : await filesOf(path, layout, pictures, labelOf, log)
      if (files === undefined) log.skip(name, `there is no ${path}`)
      for (const file of files ?? []) {
        const splits = chosen.get(file)
        if (splits === undefined) chosen.set(file, name === '' ? [] : [name])
        else if (name !== '' && !splits.includes(name)) splits.push(name)
      }
    }
  }
  for (const problem of log.problems) problems.push(problem)
  return chosen
}

/**
 * The lists by name. The name '' stands for a data set without lists, and the path '' for all of its images.
 */
async function selectLists(
  { root, base, config: { splits } }: Layout,
  { split, part }: YoloSelection,
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (part !== undefined) return new Map([['', [part]]])
  if (split === undefined) {
    // A data set without splits names one folder as train and as val, because readers require both.
    const distinct = new Set([...splits.values()].map(String))
    return distinct.size > 1 ? splits : new Map([['', [...splits.values()][0] ?? ['']]])
  }
  const listed = splits.get(split) ?? (split === 'val' ? splits.get('valid') : undefined)
  if (listed) return new Map([['', listed]])
  const folder = await firstOf('folder', [join(base, 'images', split), join(root, split)])
  if (folder) return new Map([['', [folder]]])
  throw new CodedError(
    'DATA_LIST',
    `${root} has no list ${split}`,
    splits.size > 0 ? `It has ${[...splits.keys()].join(', ')}` : undefined,
  )
}

/**
 * The pictures of a list entry, which is a folder or a .txt file with one path per line. Undefined if there
 * are none.
 */
async function filesOf(
  path: string,
  layout: Layout,
  pictures: Pictures,
  labelOf: ReadonlyMap<string, LabelFile>,
  log: ProblemLog,
): Promise<readonly string[] | undefined> {
  const { root, base } = layout
  // Exports often write ../train/images where they mean a folder beside data.yaml.
  const plain = path.replace(/^(\.\.?\/)+/, '')
  // Darknet's lists start from another folder: data/train.txt is the file beside obj.data.
  const beside = /\.txt$/i.test(path) ? [join(base, baseName(path))] : []
  const candidates = [resolve(base, path), resolve(root, path), join(root, plain), ...beside]
  for (const candidate of candidates) {
    const kind = await kindOf(candidate)
    if (kind === 'file') {
      try {
        return await readList(candidate, path, pictures, log)
      } catch (error) {
        if (!(error instanceof CodedError)) throw error
        log.skip(path, error.message)
        return []
      }
    }
    const folder = toSlashes(relative(pictures.root, candidate))
    if (kind === 'folder' && folder !== '..' && !folder.startsWith('../') && !isAbsolute(folder)) {
      const inside =
        folder === '' ? pictures.files : pictures.files.filter((file) => file.startsWith(`${folder}/`))
      if (inside.length > 0) return inside
    }
  }
  // If the pictures lie elsewhere, takes those whose labels lie in the same part of the data set.
  const name = imageNameIn(path)
  if (name === undefined || /\.txt$/i.test(name)) return undefined
  const key = folderOf(stemKey(`${name}/x.x`))
  const isIn = (file: string): boolean => {
    const own = folderOf(stemKey(file))
    return key === '' || own === key || own.startsWith(`${key}/`) || own.endsWith(`/${key}`)
  }
  const byLabel = [...labelOf].filter(([, label]) => isIn(label.file)).map(([file]) => file)
  return byLabel.length > 0 ? byLabel : undefined
}

async function readList(list: string, name: string, pictures: Pictures, log: ProblemLog): Promise<string[]> {
  const files: string[] = []
  const near = toSlashes(relative(pictures.root, dirname(list)))
  for (const [index, raw] of (await readText(list, name)).split(/\r?\n/).entries()) {
    const line = raw.trim().replaceAll('\\', '/')
    if (line === '') continue
    const where = `${name} line ${index + 1}`
    if (!IMAGE_FILE.test(line)) {
      log.skip(where, `${JSON.stringify(line)} is not an image file`)
      continue
    }
    const found = pictures.find(imageNameIn(line) ?? line, near.startsWith('..') ? '' : near)
    if (found) files.push(found.file)
    else log.skip(where, `there is no image ${JSON.stringify(line)}`)
  }
  return files
}
