/** Lists a folder of this machine for a window that has no file dialogs of its own. It only looks. */
import { opendir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, extname, join, resolve } from 'node:path'
import type { FolderEntry, FolderListing } from '../../../core/contract/studio/app.ts'
import { IMAGE_FILE, unreadable } from '../datasets/files.ts'
import { PROJECT_FILE } from '../project/index.ts'

/** Enough to find something by eye. */
const MOST_ENTRIES = 2000

const LABELS = new Set(['.json', '.csv', '.yaml', '.xml'])
const WEIGHTS = new Set(['.safetensors', '.pth', '.pt'])

/** Null begins at the user's home. Throws DATA_READ. */
export async function listFolder(path: string | null): Promise<FolderListing> {
  const folder = resolve(path ?? homedir())
  const entries: FolderEntry[] = []
  let truncated = false
  try {
    for await (const entry of await opendir(folder)) {
      const full = join(folder, entry.name)
      const kind = await kindOfEntry(entry.name, full, entry.isDirectory() || entry.isSymbolicLink())
      if (kind === undefined) continue
      truncated = entries.length === MOST_ENTRIES
      if (truncated) break
      entries.push({ name: entry.name, path: full, kind })
    }
  } catch (cause) {
    throw unreadable(folder, cause)
  }
  const order = new Intl.Collator(undefined, { numeric: true })
  const rank = ({ kind }: FolderEntry): number => (kind === 'folder' ? 0 : kind === 'project' ? 1 : 2)
  entries.sort((a, b) => rank(a) - rank(b) || order.compare(a.name, b.name))
  return { path: folder, parent: dirname(folder) === folder ? null : dirname(folder), entries, truncated }
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
