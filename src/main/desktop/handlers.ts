import path from 'node:path'
import { app, dialog, shell } from 'electron'
import { CodedError } from '../../core/errors.ts'
import type { StudioHost } from '../studio/api/host.ts'
import type { ApplicationMenu } from './application-menu.ts'
import type { DesktopHandlers } from './bridge.ts'

export function desktopHandlers(host: StudioHost, menu: ApplicationMenu): DesktopHandlers {
  /** What the user has chosen in dialogs. */
  const chosen = new Set<string>()
  const remember = (file: string | undefined): string | null => {
    if (file === undefined) return null
    chosen.add(file)
    return file
  }
  return {
    'studio.connect': (window) => {
      window.connect()
      return null
    },
    'messages.listen': (window) => {
      window.listen()
      return null
    },
    'menu.show': (_window, { commands }) => {
      menu.show(commands)
      return null
    },
    'dialog.open': async ({ browserWindow }, { kind, title, filters = [] }) => {
      const { filePaths } = await dialog.showOpenDialog(browserWindow, {
        title,
        filters,
        properties: kind === 'folder' ? ['openDirectory', 'createDirectory'] : ['openFile'],
      })
      return remember(filePaths[0])
    },
    'dialog.save': async ({ browserWindow }, { title, name, filters = [] }) => {
      // Only a name, since the user chooses the folder.
      const defaultPath = path.basename(name)
      const { filePath } = await dialog.showSaveDialog(browserWindow, { title, defaultPath, filters })
      return remember(filePath || undefined)
    },
    'folder.show': (_window, { path: file }) => {
      const summary = host.summary()
      const folders = summary ? [path.dirname(summary.path), summary.imageRoot] : []
      if (![...folders, ...chosen].some((folder) => isWithin(file, folder))) {
        throw new CodedError(
          'USAGE_PATH',
          `${file} is neither in the project nor in a folder that was chosen in a dialog`,
        )
      }
      shell.showItemInFolder(path.resolve(file))
      return null
    },
    'about.show': () => {
      app.showAboutPanel()
      return null
    },
  }
}

function isWithin(file: string, folder: string): boolean {
  const relative = path.relative(folder, path.resolve(file))
  return !path.isAbsolute(relative) && relative.split(path.sep)[0] !== '..'
}
