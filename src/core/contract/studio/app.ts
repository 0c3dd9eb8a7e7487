/** The studio itself: where it runs, what it remembers, and the folders of this machine to choose from. */
import { z } from 'zod'
import { method } from './method.ts'
import { LocalPath, None, Nothing } from './values.ts'

export const AppInfo = z.object({
  version: z.string(),
  /** `desktop` has native file dialogs (dialog.open, dialog.save); `browser` has folders.list. */
  shell: z.enum(['desktop', 'browser']),
  platform: z.enum(['linux', 'mac', 'windows']),
  /** What the engine runs on, in one line, or why it cannot run. */
  engine: z.object({ title: z.string(), canTrain: z.boolean() }),
  /** What detects on this machine and how fast, a line for each kind of model that was measured, latest first. */
  detection: z.array(z.string()),
})
export type AppInfo = z.infer<typeof AppInfo>

export const RecentProject = z.object({
  path: LocalPath,
  name: z.string(),
  /** ISO 8601 */
  at: z.string(),
  exists: z.boolean(),
})
export type RecentProject = z.infer<typeof RecentProject>

export const FolderEntry = z.object({
  name: z.string(),
  path: LocalPath,
  kind: z.enum(['folder', 'project', 'image', 'labels', 'weights']),
  /** Of a folder: images in it and in the three levels below; null where there is too much to count, or of a file. */
  images: z.int().nullable(),
})
export type FolderEntry = z.infer<typeof FolderEntry>

export const FolderListing = z.object({
  path: LocalPath,
  /** Whether this is the user's home folder. */
  isHome: z.boolean(),
  /** The file that was asked for, whose folder this is; null where a folder was. */
  file: LocalPath.nullable(),
  /** Null for the root. */
  parent: LocalPath.nullable(),
  /** Folders first; hidden ones and files of other kinds are left out. */
  entries: z.array(FolderEntry).readonly(),
  /** Whether there are more entries than are listed. */
  truncated: z.boolean(),
})
export type FolderListing = z.infer<typeof FolderListing>

const SettingKey = z.string().regex(/^[a-zA-Z][a-zA-Z0-9.-]{0,63}$/)

export const APP_METHODS = {
  'app.info': method(None, AppInfo),
  /** Remembered choices of the window, by key. */
  'settings.all': method(None, z.record(z.string(), z.json())),
  /** Null forgets the key. */
  'settings.set': method(z.strictObject({ key: SettingKey, value: z.json() }), Nothing),
  'recent.list': method(None, z.array(RecentProject).readonly()),
  'recent.forget': method(z.strictObject({ path: LocalPath }), Nothing),
  /** Null begins at the user's home, which `~` names too. A file's path lists its folder. Throws DATA_NOT_FOUND. */
  'folders.list': method(
    z.strictObject({ path: z.union([LocalPath, z.string().regex(/^~([/\\].*)?$/)]).nullable() }),
    FolderListing,
  ),
} as const
