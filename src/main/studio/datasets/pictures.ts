/**
 * Finds the picture that a name in labels means, regardless of folder names, letter case and Unicode
 * composition.
 */
import { join } from 'node:path'
import { baseName, folderOf, inside, stemOf } from '../../../core/formats/paths.ts'
import { IMAGE_FILE, listFiles } from './files.ts'

/** How a picture was found. One that was found by its bare name may be a namesake, so its size must agree. */
export interface FoundPicture {
  readonly file: string
  readonly by: 'path' | 'name' | 'prefix'
}

/**
 * Names of folders that separate pictures from labels. They say nothing about the parts of a data set, so
 * they are ignored in comparisons.
 */
const KIND_FOLDER =
  /^(images?|imgs?|jpegimages|pictures?|pics?|photos?|frames?|labels?|annots?|annotations?|xmls?|jsons?|txts?|obj_\w*data|data)$/

/** A path in the form in which paths are compared. */
export const pathKey = (path: string): string => path.normalize('NFC').toLowerCase()

/**
 * The key that a picture and its labels share: `train/images/a.jpg`, `Train/labels/a.txt` and
 * `annots/train/a.xml` all give `train/a`.
 */
export function stemKey(path: string): string {
  const folders = folderOf(path).split('/')
  const kept = folders.map(pathKey).filter((folder) => folder !== '' && !KIND_FOLDER.test(folder))
  return inside(kept.join('/'), pathKey(baseName(stemOf(path))))
}

/** Removes what upload tools add to a name, as in `90fbb0c7-a.jpg` and `a_jpg.rf.0f3a….jpg`. */
function withoutPrefix(key: string): string {
  const roboflow = /^(.*)_(jpe?g|png|bmp|webp|tiff?)\.rf\.[0-9a-f]{8,}(\.\w+)?$/.exec(key)
  if (roboflow) return roboflow[3] === undefined ? roboflow[1]! : `${roboflow[1]}${roboflow[3]}`
  return key.replace(/^[0-9a-f]{8}(?:-?[0-9a-f]{4}){0,3}(?:-?[0-9a-f]{12})?[-_](?=.)/, '')
}

export class Pictures {
  readonly root: string
  /** Relative to the root, with forward slashes. */
  readonly files: readonly string[]
  readonly #exact: ReadonlySet<string>
  readonly #byPath: ReadonlyMap<string, readonly string[]>
  readonly #byName: ReadonlyMap<string, readonly string[]>
  readonly #byStem: ReadonlyMap<string, readonly string[]>
  readonly #byBareStem: ReadonlyMap<string, readonly string[]>
  #byPrefixless: ReadonlyMap<string, readonly string[]> | undefined
  #byPrefixlessStem: ReadonlyMap<string, readonly string[]> | undefined

  constructor(root: string, files: readonly string[]) {
    this.root = root
    this.files = files
    this.#exact = new Set(files)
    this.#byPath = Map.groupBy(files, pathKey)
    this.#byName = Map.groupBy(files, (file) => pathKey(baseName(file)).trim())
    this.#byStem = Map.groupBy(files, stemKey)
    this.#byBareStem = Map.groupBy(files, (file) => pathKey(baseName(stemOf(file))))
  }

  static async in(root: string, depth?: number): Promise<Pictures> {
    return new Pictures(root, await listFiles(root, IMAGE_FILE, depth))
  }

  /** The picture that a name in a label file of the folder `near` means; undefined if there is none, or not only one. */
  find(name: string, near = ''): FoundPicture | undefined {
    const plain = decoded(name)
    return this.#find(name, near) ?? (plain === name ? undefined : this.#find(plain, near))
  }

  #find(name: string, near: string): FoundPicture | undefined {
    for (const path of [inside(near, name), name]) {
      if (this.#exact.has(path)) return { file: path, by: 'path' }
      const alike = this.#byPath.get(pathKey(path)) ?? []
      if (alike.length === 1) return { file: alike[0]!, by: 'path' }
    }
    const key = pathKey(baseName(name)).trim()
    const [best, second] = (this.#byName.get(key) ?? [])
      .map((file) => ({ file, common: commonEnd(file, inside(near, name)) }))
      .sort((a, b) => b.common - a.common)
    if (best) {
      const isOnly = second === undefined || second.common < best.common
      return isOnly ? { file: best.file, by: best.common > 1 ? 'path' : 'name' } : undefined
    }
    this.#byPrefixless ??= Map.groupBy(this.files, (file) => withoutPrefix(pathKey(baseName(file))))
    const alike = this.#byPrefixless.get(withoutPrefix(key)) ?? []
    return alike.length === 1 ? { file: alike[0]!, by: 'prefix' } : undefined
  }

  /** The pictures beside a label file that have its name, else those in the same place of the tree of pictures. */
  ofLabel(label: string): readonly string[] {
    for (const stem of stemsOf(label)) {
      const found = this.#byStem.get(stemKey(`${stem}.x`)) ?? []
      const beside = found.filter((file) => pathKey(stemOf(file)) === pathKey(stem))
      if (found.length > 0) return beside.length > 0 ? beside : found
      const named = IMAGE_FILE.test(stem) ? this.#byPath.get(pathKey(stem)) : undefined
      if (named) return named
    }
    return []
  }

  /**
   * The only picture in the whole tree that has a label file's name, with or without a prefix that an upload
   * added.
   */
  anywhere(label: string): FoundPicture | undefined {
    for (const stem of stemsOf(label)) {
      const alike = this.#byBareStem.get(pathKey(baseName(stem))) ?? []
      if (alike.length === 1) return { file: alike[0]!, by: 'name' }
      if (alike.length > 1) return undefined
    }
    const bareOf = (path: string): string => withoutPrefix(pathKey(baseName(stemOf(path))))
    this.#byPrefixlessStem ??= Map.groupBy(this.files, bareOf)
    const alike = this.#byPrefixlessStem.get(bareOf(label)) ?? []
    return alike.length === 1 ? { file: alike[0]!, by: 'prefix' } : undefined
  }

  /**
   * The folder that image names are relative to: the folder of pictures that contains all of these files, or
   * else the root. `within` makes a name relative to it.
   */
  rootOf(files: readonly string[]): { imageRoot: string; within: (file: string) => string } {
    const [first = ''] = files[0]?.split('/') ?? []
    const isOne = KIND_FOLDER.test(pathKey(first)) && files.every((file) => file.startsWith(`${first}/`))
    if (!isOne) return { imageRoot: this.root, within: (file) => file }
    const start = first.length + 1
    return { imageRoot: join(this.root, first), within: (file) => file.slice(start) }
  }
}

/** Decodes names that were part of a URL: `my%20cat.jpg` → `my cat.jpg`. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

/** `a.xml` → `a`; `a.xml.xml` and `a.jpg.json` too, after `a.xml` and `a.jpg`. */
function stemsOf(label: string): string[] {
  const stems = [stemOf(label)]
  while (/\.(xml|json|txt)$/i.test(stems.at(-1)!) || IMAGE_FILE.test(stems.at(-1)!)) {
    stems.push(stemOf(stems.at(-1)!))
  }
  return stems
}

/** Number of trailing parts that two paths have in common. */
function commonEnd(a: string, b: string): number {
  const [as, bs] = [pathKey(a).split('/').reverse(), pathKey(b).split('/').reverse()]
  const differs = as.findIndex((part, index) => part.trim() !== bs[index]?.trim())
  return differs === -1 ? as.length : differs
}
