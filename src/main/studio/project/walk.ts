/** Finds the image files of a folder and its sub-folders, symbolic links followed. */
import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { inside } from '../../../core/formats/paths.ts'
import { fileReason } from '../../images/errors.ts'
import { IMAGE_FILE, mapConcurrent } from '../datasets/files.ts'

export interface FoundFile {
  /** Relative to the root, forward slashes. */
  readonly path: string
  readonly bytes: number
  /** ms since 1970 */
  readonly modified: number
  /** When its content or name was last changed; ms since 1970. */
  readonly changed: number
}

/** A folder or link that could not be read. */
export interface Unreadable {
  readonly path: string
  readonly reason: string
}

export const isUnreadable = (entry: FoundFile | Unreadable): entry is Unreadable => 'reason' in entry

/**
 * Yields files as they are found. A folder that several paths lead to is entered once, by the path without links if it
 * has one, so links in a circle end. Hidden files and folders are passed over, as are those that are no images by name.
 */
export async function* walk(root: string): AsyncGenerator<FoundFile | Unreadable> {
  const entered = new Set<string>()
  const folders = ['']
  const links: string[] = []
  for (let next = folders.pop(); next !== undefined; next = folders.pop() ?? links.shift()) {
    const folder = next
    let entries: Dirent[]
    try {
      const { dev, ino } = await stat(join(root, folder), { bigint: true })
      if (entered.has(`${dev}:${ino}`)) continue
      entered.add(`${dev}:${ino}`)
      entries = await readdir(join(root, folder), { withFileTypes: true })
    } catch (error) {
      yield { path: folder, reason: fileReason(error) }
      continue
    }
    const visible = entries.filter(({ name }) => !name.startsWith('.'))
    const found = await mapConcurrent(visible, (entry) => look(root, inside(folder, entry.name), entry))
    for (const item of found.toReversed()) if (item?.folder) folders.push(item.folder)
    for (const item of found) if (item?.link) links.push(item.link)
    for (const item of found) if (item?.file) yield item.file
  }
}

/** One of the three, or nothing for what is no image. */
interface Look {
  readonly file?: FoundFile | Unreadable
  readonly folder?: string
  readonly link?: string
}

async function look(root: string, path: string, entry: Dirent): Promise<Look | undefined> {
  if (entry.isDirectory()) return { folder: path }
  const isImage = IMAGE_FILE.test(entry.name)
  if (!isImage && !entry.isSymbolicLink()) return undefined
  try {
    const stats = await stat(join(root, path))
    if (stats.isDirectory()) return { link: path }
    const { size: bytes, mtimeMs: modified, ctimeMs: changed } = stats
    return isImage && stats.isFile() ? { file: { path, bytes, modified, changed } } : undefined
  } catch (error) {
    return isImage ? { file: { path, reason: fileReason(error) } } : undefined
  }
}
