/** What the user wants opened from outside the window: a folder of images, a project's folder, or its file. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { app } from 'electron'
import { z } from 'zod'

/** What a second instance of the program hands to the first. */
const Handover = z.object({ open: z.string().nullable() })
type Handover = z.infer<typeof Handover>

/** The last argument that exists on disk. Switches belong to Chromium. */
export function pathOfArguments(words: readonly string[], workingFolder: string): string | null {
  const paths = words.filter((word) => !word.startsWith('-')).map((word) => path.resolve(workingFolder, word))
  return paths.findLast((file) => existsSync(file)) ?? null
}

/** If unpackaged, Electron is started with the program's folder as its first argument. */
export const ownArguments = (): string[] => process.argv.slice(app.isPackaged ? 1 : 2)

/** False if the program is already running; that instance receives the request and comes to the front. */
export function isFirstInstance(open: string | null, request: (open: string | null) => void): boolean {
  if (!app.requestSingleInstanceLock({ open } satisfies Handover)) return false
  app.on('second-instance', (_event, _arguments, _folder, handover) => {
    request(Handover.safeParse(handover).data?.open ?? null)
  })
  // macOS: a file or folder dropped on the program's icon, or opened with it.
  app.on('open-file', (event, file) => {
    event.preventDefault()
    request(file)
  })
  return true
}
