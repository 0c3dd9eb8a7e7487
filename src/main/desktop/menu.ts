/** Native menus: the page's commands, combined with those of the shell. */
import type { MenuItemConstructorOptions } from 'electron'
import type { MenuCommand } from '../../core/contract/desktop.ts'

export interface MenuParts {
  readonly commands: readonly MenuCommand[]
  /** Folders, latest first. */
  readonly recent: readonly string[]
  readonly platform: NodeJS.Platform
  readonly run: (id: string) => void
  readonly open: (path: string) => void
  readonly about: () => void
}

const FILE = 'File'
const EDIT = 'Edit'
const VIEW = 'View'
const HELP = 'Help'

export function menuTemplate(parts: MenuParts): MenuItemConstructorOptions[] {
  const isMac = parts.platform === 'darwin'
  const named = Map.groupBy(parts.commands, ({ menu }) => menu)
  // The first and the last menu contain items of the shell, whatever the page provides.
  const titles = [...new Set([FILE, ...named.keys()])].filter((title) => title !== HELP)
  const menus = titles.map((title) => ({
    label: title,
    submenu: joined(
      (named.get(title) ?? []).map((command) => item(command, parts)),
      shellItems(title, parts),
    ),
  }))
  const help: MenuItemConstructorOptions = {
    role: 'help',
    label: HELP,
    submenu: joined(
      (named.get(HELP) ?? []).map((command) => item(command, parts)),
      isMac ? [] : [{ label: 'About FCOS Studio', click: parts.about }],
    ),
  }
  if (isMac) return [{ role: 'appMenu' }, ...menus, { role: 'windowMenu' }, help]
  return [...menus, help]
}

function shellItems(title: string, { platform, recent, open }: MenuParts): MenuItemConstructorOptions[] {
  if (title === VIEW) return [{ role: 'togglefullscreen' }]
  if (title === EDIT && platform === 'darwin') return TEXT_EDITING
  if (title !== FILE) return []
  const items: MenuItemConstructorOptions[] = [
    {
      label: 'Open recent',
      enabled: recent.length > 0,
      submenu: recent.map((path) => ({ label: path.replaceAll('&', '&&'), click: () => open(path) })),
    },
  ]
  return platform === 'darwin' ? items : [...items, { type: 'separator' }, { role: 'quit' }]
}

function item(command: MenuCommand, { platform, run }: MenuParts): MenuItemConstructorOptions {
  const { id, title, accelerator, enabled, checked } = command
  return {
    id,
    label: title.replaceAll('&', '&&'),
    enabled,
    ...(checked === null ? {} : { type: 'checkbox', checked }),
    ...(accelerator === null || !isShown(accelerator, platform) ? {} : { accelerator }),
    // The page listens for the keys itself, as in a browser. A menu that handled them would take them away from text fields.
    registerAccelerator: false,
    click: () => run(id),
  }
}

/**
 * On macOS, accelerators cannot be shown without being active. The page receives a key first, and the menu only the keys
 * that the page ignores. Accelerators must therefore not be single letters or the keys with which macOS edits text.
 */
function isShown(accelerator: string, platform: NodeJS.Platform): boolean {
  if (platform !== 'darwin') return true
  const isChord = /^(CommandOrControl|Control|Command|Alt)\+/.test(accelerator)
  return isChord && !/^CommandOrControl\+(Z|Shift\+Z|X|C|V|A)$/.test(accelerator)
}

/** On macOS, text fields receive these keys only through the menu; hidden items work too. */
const TEXT_EDITING: MenuItemConstructorOptions[] = (
  ['undo', 'redo', 'cut', 'copy', 'paste', 'selectAll'] as const
).map((role) => ({ role, visible: false, acceleratorWorksWhenHidden: true }))

function joined(
  first: MenuItemConstructorOptions[],
  second: MenuItemConstructorOptions[],
): MenuItemConstructorOptions[] {
  return first.length > 0 && second.length > 0
    ? [...first, { type: 'separator' }, ...second]
    : [...first, ...second]
}
