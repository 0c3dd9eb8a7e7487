/** The registry in a desktop window's native menus. */
import type { MenuCommand } from '../../core/contract/desktop.ts'
import { accelerator } from './accelerator.ts'
import { COMMAND_GROUPS, type Commands } from './commands.svelte.ts'

/** Call in an effect: it follows the registry, and tells the shell of changes only. */
export class NativeMenu {
  readonly #commands: Commands
  readonly #show: (commands: MenuCommand[]) => void
  #shown = ''

  constructor(commands: Commands, show: (commands: MenuCommand[]) => void) {
    this.#commands = commands
    this.#show = show
  }

  update(): void {
    const menu = COMMAND_GROUPS.flatMap((group) =>
      this.#commands.all
        .filter((command) => command.group === group)
        .map((command): MenuCommand => {
          const { id, title } = command
          return {
            id,
            title,
            menu: group,
            accelerator:
              this.#commands
                .keysOf(command)
                .map(accelerator)
                .find((keys) => keys !== null) ?? null,
            enabled: this.#commands.isEnabled(command),
            checked: command.checked?.() ?? null,
          }
        }),
    )
    const text = JSON.stringify(menu)
    if (text === this.#shown) return
    this.#shown = text
    this.#show(menu)
  }
}
