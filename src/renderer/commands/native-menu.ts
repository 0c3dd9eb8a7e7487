import type { MenuCommand } from '../../core/contract/desktop.ts'
import { accelerator } from './accelerator.ts'
import { COMMAND_GROUPS, type Commands } from './commands.svelte.ts'

/** The commands for a desktop window's native menus. Reactive. */
export function menuCommands(commands: Commands): MenuCommand[] {
  const all = commands.all.filter(({ onlyFound }) => !onlyFound)
  return COMMAND_GROUPS.flatMap((menu) => all.filter(({ group }) => group === menu)).map((command) => ({
    id: command.id,
    title: command.title,
    menu: command.group,
    accelerator:
      commands
        .keysOf(command)
        .map(accelerator)
        .find((keys) => keys !== null) ?? null,
    enabled: commands.isEnabled(command),
    checked: command.checked?.() ?? null,
  }))
}
