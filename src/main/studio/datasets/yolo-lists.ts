/** Which images of a YOLO data set are meant: those of its lists, of one list, or of a folder. */
import { basename, dirname, join, resolve } from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import type { Problem } from '../../../core/formats/dataset.ts'
import { ProblemLog } from '../../../core/formats/problems.ts'
import { firstOf, IMAGE_FILE, kindOf, listFiles, readText } from './files.ts'
import { realPath, type YoloLayout } from './yolo-layout.ts'

export interface YoloSelection {
  /** The name of a list in data.yaml, or of a folder in `images`. */
  readonly split?: string | undefined
  /** A .txt file of image paths, or a folder of images. */
  readonly part?: string | undefined
}

/** Absolute image paths, each with the lists that hold it. Throws DATA_LIST if the list that was named is unknown. */
export async function selectImages(
  layout: YoloLayout,
  selection: YoloSelection,
): Promise<{ splitsOf: Map<string, string[]>; problems: Problem[] }> {
  const log = new ProblemLog(basename(layout.names))
  const splitsOf = new Map<string, string[]>()
  for (const [name, paths] of await selectLists(layout, selection)) {
    for (const path of paths) {
      const images = await imagePaths(path, layout, log)
      if (images === undefined) log.skip(name, `there is no ${path}`)
      for (const image of images ?? []) {
        const splits = splitsOf.get(image)
        if (splits === undefined) splitsOf.set(image, name === '' ? [] : [name])
        else if (!splits.includes(name)) splits.push(name)
      }
    }
  }
  return { splitsOf, problems: log.problems }
}

/** The lists by name, which is '' where images need no telling apart. */
async function selectLists(
  { root, base, images, moved, config: { splits } }: YoloLayout,
  { split, part }: YoloSelection,
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (part !== undefined) return new Map([['', [part]]])
  if (split === undefined) {
    const all = moved !== undefined || (await kindOf(images)) === 'folder' ? images : base
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
async function imagePaths(path: string, layout: YoloLayout, log: ProblemLog): Promise<string[] | undefined> {
  const { root, base } = layout
  // Exports often write ../train/images where they mean a folder beside data.yaml.
  for (const candidate of [
    resolve(base, path),
    resolve(root, path),
    join(root, path.replace(/^(\.\.\/)+/, '')),
  ]) {
    const real = realPath(candidate, layout)
    const kind = await kindOf(real)
    if (kind === 'folder') return (await listFiles(real, IMAGE_FILE)).map((file) => join(candidate, file))
    if (kind === 'file') return readList(real, path, log)
  }
  return undefined
}

async function readList(list: string, name: string, log: ProblemLog): Promise<string[]> {
  const paths: string[] = []
  for (const [index, raw] of (await readText(list, name)).split('\n').entries()) {
    const line = raw.trim()
    if (IMAGE_FILE.test(line)) paths.push(resolve(dirname(list), line))
    else if (line !== '') log.skip(`${name} line ${index + 1}`, `${JSON.stringify(line)} is no image file`)
  }
  return paths
}
