/** Lists a folder of this machine for a window that has no file dialogs of its own. It only looks. */
import { opendir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, extname, join, resolve } from 'node:path'
import type { FolderEntry, FolderListing } from '../../../core/contract/studio/app.ts'
import { byName } from '../../../core/project/natural-order.ts'
import { IMAGE_FILE, unreadable } from '../datasets/files.ts'
import { PROJECT_FILE } from '../project/index.ts'

/** Number of entries that are listed, enough to find something by eye. */
const MOST_ENTRIES = 2000

const LABELS = new Set(['.json', '.csv', '.yaml', '.xml'])
const WEIGHTS = new Set(['.safetensors', '.pth', '.pt', '.onnx'])

/** Directory entries that are looked at for the counts of one listing. */
const MOST_COUNTED = 20_000
const COUNTED_LEVELS = 4

/** Null begins at the user's home, which `~` names too; a file's path lists its folder. Throws DATA_READ. */
export async function listFolder(path: string | null): Promise<FolderListing> {
  const asked = resolve((path ?? '~').replace(/^~/, homedir()))
  const isFile = (await stat(asked).catch(() => undefined))?.isFile() ?? false
  const folder = isFile ? dirname(asked) : asked
  const entries: FolderEntry[] = []
  let truncated = false
  try {
    for await (const entry of await opendir(folder)) {
      const full = join(folder, entry.name)
      const kind = await kindOfEntry(entry.name, full, entry.isDirectory() || entry.isSymbolicLink())
      if (kind === undefined) continue
      truncated = entries.length === MOST_ENTRIES
      if (truncated) break
      entries.push({ name: entry.name, path: full, kind, images: null })
    }
  } catch (cause) {
    throw unreadable(folder, cause)
  }
  const rank = ({ kind }: FolderEntry): number => (kind === 'folder' ? 0 : kind === 'project' ? 1 : 2)
  entries.sort((a, b) => rank(a) - rank(b) || byName(a.name, b.name))
  return {
    path: folder,
    isHome: folder === resolve(homedir()),
    file: isFile ? asked : null,
    parent: dirname(folder) === folder ? null : dirname(folder),
    entries: await counted(entries),
    truncated,
  }
}

/** With the number of images in every folder, as far as they can be counted quickly. */
async function counted(entries: readonly FolderEntry[]): Promise<FolderEntry[]> {
  let left = MOST_COUNTED
  const count = async (folder: string, levels: number): Promise<number> => {
    let images = 0
    const below: string[] = []
    for await (const entry of await opendir(folder)) {
      if (--left < 0) return images
      if (entry.name.startsWith('.')) continue
      if (entry.isDirectory()) below.push(join(folder, entry.name))
      else if (IMAGE_FILE.test(entry.name)) images++
    }
    if (levels > 1) for (const path of below) images += await count(path, levels - 1)
    return images
  }
  const result: FolderEntry[] = []
  for (const entry of entries) {
    // A folder that this user may not read counts as empty.
    const images = entry.kind === 'folder' ? await count(entry.path, COUNTED_LEVELS).catch(() => 0) : null
    result.push({ ...entry, images: left < 0 ? null : images })
  }
  return result
}

async function kindOfEntry(
  name: string,
  full: string,
  maybeFolder: boolean,
): Promise<FolderEntry['kind'] | undefined> {
  if (name.startsWith('.')) return undefined
  if (name === PROJECT_FILE) return 'project'
  if (maybeFolder && (await stat(full).catch(() => undefined))?.isDirectory()) return 'folder'
  const extension = extname(name).toLowerCase()
  if (IMAGE_FILE.test(name)) return 'image'
  if (LABELS.has(extension)) return 'labels'
  return WEIGHTS.has(extension) ? 'weights' : undefined
}
