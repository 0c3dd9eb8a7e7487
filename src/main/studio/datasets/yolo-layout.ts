/** Where the parts of a YOLO data set lie. Image paths are absolute, as if `images` lay in the data set. */
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { parseClassesTxt, parseDataYaml, type YoloConfig } from '../../../core/formats/yolo-names.ts'
import { firstOf, listFiles, readText, toSlashes } from './files.ts'

export interface YoloLayout {
  /** The file that names the classes. */
  readonly names: string
  readonly config: YoloConfig
  readonly root: string
  /** What relative paths in data.yaml start from: its `path:` if that folder exists, else root. */
  readonly base: string
  readonly images: string
  /** The folder that really holds the images, if it is not `images`. */
  readonly moved: string | undefined
}

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

export async function readLayout(names: string, moved: string | undefined): Promise<YoloLayout> {
  const folder = dirname(names)
  const root = basename(folder) === 'labels' ? dirname(folder) : folder
  const file = basename(names)
  const text = await readText(names, file)
  const config = /\.ya?ml$/i.test(file)
    ? parseDataYaml(text, file)
    : { ...parseClassesTxt(text, file), root: undefined, splits: new Map() }
  const named = config.root === undefined ? undefined : await firstOf('folder', [resolve(root, config.root)])
  return { names, config, root, base: named ?? root, images: join(root, 'images'), moved }
}

export const realPath = (path: string, { images, moved }: YoloLayout): string =>
  moved !== undefined && isInside(images, path) ? join(moved, relative(images, path)) : path

export function isInside(folder: string, path: string): boolean {
  const way = toSlashes(relative(folder, path))
  return way !== '..' && !way.startsWith('../') && !isAbsolute(way)
}

/** `…/images/a/b.jpg` has its labels in `…/labels/a/b.txt`, or beside it. */
export function labelPaths(image: string): string[] {
  const stem = toSlashes(image).replace(/\.[^./]*$/, '')
  const at = stem.lastIndexOf('/images/')
  const beside = `${stem}.txt`
  return at === -1 ? [beside] : [`${stem.slice(0, at)}/labels/${stem.slice(at + 8)}.txt`, beside]
}
