import { app, Menu } from 'electron'
import type { MenuCommand } from '../../core/contract/desktop.ts'
import { type MenuParts, menuTemplate } from './menu.ts'

type Around = Omit<MenuParts, 'commands' | 'recent' | 'platform' | 'about'>

/** The program's menu bar. */
export class ApplicationMenu {
  readonly #around: Around
  readonly #recent: () => readonly string[]
  #commands: readonly MenuCommand[] = []

  constructor(recent: () => readonly string[], around: Around) {
    this.#recent = recent
    this.#around = around
    this.rebuild()
  }

  /** What is enabled and checked changes with every selection, which must not close an open menu. */
  show(commands: readonly MenuCommand[]): void {
    const before = this.#commands
    this.#commands = commands
    if (!sameItems(before, commands)) {
      this.rebuild()
      return
    }
    const menu = Menu.getApplicationMenu()
    for (const { id, enabled, checked } of commands) {
      const item = menu?.getMenuItemById(id)
      if (!item) continue
      item.enabled = enabled
      if (checked !== null) item.checked = checked
    }
  }

  /** Also when the recent projects have changed. */
  rebuild(): void {
    const template = menuTemplate({
      ...this.#around,
      commands: this.#commands,
      recent: this.#recent(),
      platform: process.platform,
      about: () => app.showAboutPanel(),
    })
    Menu.setApplicationMenu(Menu.buildFromTemplate(template))
  }
}

function sameItems(before: readonly MenuCommand[], after: readonly MenuCommand[]): boolean {
  const fixed = ({ id, title, menu, accelerator, checked }: MenuCommand) =>
    [id, title, menu, accelerator, checked === null].join('\0')
  return before.length === after.length && before.every((one, i) => fixed(one) === fixed(after[i]!))
}
