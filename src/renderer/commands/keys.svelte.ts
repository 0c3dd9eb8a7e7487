/** Runs commands by their keys, while nobody types. */
import { createKeybindingsHandler } from 'tinykeys'
import type { Commands } from './commands.svelte.ts'

/** Call in an effect: it follows the registry and the user's keys. Returns how to stop. */
export function listenForKeys(commands: Commands, target: Window): () => void {
  const bindings: Record<string, (event: KeyboardEvent) => void> = {}
  for (const command of commands.all) {
    for (const keys of commands.keysOf(command)) {
      bindings[keys] = (event) => {
        if (!commands.isEnabled(command) || (isTyping(event) && !isChord(keys))) return
        event.preventDefault()
        void command.run()
      }
    }
  }
  const handle = createKeybindingsHandler(bindings)
  target.addEventListener('keydown', handle)
  return () => target.removeEventListener('keydown', handle)
}

/** With a modifier it means the same everywhere, but for those that edit text. */
const isChord = (keys: string): boolean =>
  /\$mod\+|Alt\+/.test(keys) && !/\+(a|c|v|x|z|y|Shift\+z)$/i.test(keys)

function isTyping({ target }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true
  // Sliders, checkboxes and buttons take arrows and space, but no letters.
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'range', 'button'].includes(target.type)
}
