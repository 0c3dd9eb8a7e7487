/**
 * The registry of everything that a user can do: menus, keys, the palette and tests all run commands from here. Areas of
 * the window add their commands while they are shown.
 */
import { untrack } from 'svelte'
import { z } from 'zod'
import type { WindowSettings } from '../session/window-settings.svelte.ts'
import { type KeyPreset, PRESETS } from './presets.ts'

export const COMMAND_GROUPS = [
  'File',
  'Edit',
  'View',
  'Image',
  'Object',
  'X-ray',
  'Model',
  'Go',
  'Help',
] as const
export type CommandGroup = (typeof COMMAND_GROUPS)[number]

export interface Command {
  /** A stable name, used by key settings and tests, such as `edit.undo`. */
  readonly id: string
  /** The text of its menu entry: "Undo". */
  readonly title: string
  readonly group: CommandGroup
  /** Default keys in tinykeys' notation: `$mod+z`, `Shift+?`, `a`. */
  readonly keys?: readonly string[]
  /** Reactive. Always enabled if left out. */
  readonly enabled?: () => boolean
  /** Reactive, for toggles: whether it is on. */
  readonly checked?: () => boolean
  /** Offered by the palette only, and there only to those who type something of its title: one of very many. */
  readonly onlyFound?: true
  /** Holding its key runs it repeatedly. */
  readonly repeats?: true
  readonly run: () => void | Promise<void>
}

const KeySettings = z.object({
  preset: z.enum(['default', 'labelme', 'cvat']),
  /** Command id → its keys; an empty list removes all keys. */
  own: z.record(z.string(), z.array(z.string())),
})
export type KeySettings = z.infer<typeof KeySettings>

const SETTING = 'keys'

export class Commands {
  readonly #settings: WindowSettings
  all = $state.raw<readonly Command[]>([])

  constructor(settings: WindowSettings) {
    this.#settings = settings
  }

  /** Returns a function that removes them. For effects, which must not run again when other commands are added. */
  add(commands: readonly Command[]): () => void {
    const ids = new Set(commands.map(({ id }) => id))
    untrack(() => {
      this.all = [...this.all.filter(({ id }) => !ids.has(id)), ...commands]
    })
    const mine = new Set(commands)
    return () => {
      this.all = this.all.filter((command) => !mine.has(command))
    }
  }

  find(id: string): Command | undefined {
    return this.all.find((command) => command.id === id)
  }

  isEnabled({ enabled }: Command): boolean {
    return enabled?.() ?? true
  }

  /** Does nothing if there is no such command now or it is disabled. */
  run(id: string): void {
    const command = this.find(id)
    if (command && this.isEnabled(command)) void command.run()
  }

  get keySettings(): KeySettings {
    return this.#settings.get(SETTING, KeySettings, { preset: 'default', own: {} })
  }

  set keySettings(settings: KeySettings) {
    this.#settings.set(SETTING, settings)
  }

  /** The user's keys, else the preset's, else the command's defaults. */
  keysOf({ id, keys }: Command): readonly string[] {
    const { preset, own } = this.keySettings
    return own[id] ?? (PRESETS[preset as KeyPreset][id] || keys) ?? []
  }
}
