/**
 * Runs commands by their keys. A control that has the focus keeps the keys that it uses itself; all others are commands.
 * As soon as something was chosen with a control, the focus goes back to the canvas.
 */
import { createKeybindingsHandler } from 'tinykeys'
import type { Command, Commands } from './commands.svelte.ts'

/** Call in an effect: it follows the registry and the user's keys. Returns how to stop. */
export function listenForKeys(commands: Commands, target: Window): () => void {
  const bindings: Record<string, (event: KeyboardEvent) => void> = {}
  for (const command of commands.all) {
    for (const keys of commands.keysOf(command)) {
      bindings[keys] = (event) => {
        if (!isForCommand(event, keys, command) || !commands.isEnabled(command)) return
        event.preventDefault()
        // A key that is held shall not mark image after image as done, or make views flicker.
        if (!event.repeat || command.repeats) void command.run()
      }
    }
  }
  // What is ignored is decided for each command: by itself, the library knows no keys at all in a form control.
  const handle = createKeybindingsHandler(bindings, { ignore: ({ isComposing }) => isComposing })
  target.addEventListener('keydown', handle)
  return () => target.removeEventListener('keydown', handle)
}

function isForCommand(event: KeyboardEvent, keys: string, { group }: Command): boolean {
  const { target, defaultPrevented } = event
  // A list or a chart has used it.
  if (defaultPrevented) return false
  const control = target instanceof HTMLElement ? target : null
  if (control && usesKey(control, event.key) && !isChord(keys)) return false
  // What lies behind a dialog is not to be changed; help can be closed by the key that opened it.
  return group === 'Help' || !isCovered(control)
}

/** With a modifier it means the same everywhere, but for those that edit text. */
const isChord = (keys: string): boolean =>
  /\$mod\+|Alt\+/.test(keys) && !/\+(a|c|v|x|z|y|Shift\+z)$/i.test(keys)

interface Control {
  readonly tagName: string
  readonly isContentEditable: boolean
  /** Of an input. */
  readonly type?: string
}

const STEPPING = /^(Arrow.*|Home|End|PageUp|PageDown)$/
const PRESSING = /^( |Enter)$/

/** Whether a form control does something with a key itself. */
export function usesKey({ tagName, isContentEditable, type = '' }: Control, key: string): boolean {
  if (isContentEditable || tagName === 'TEXTAREA') return true
  if (tagName === 'SELECT') return STEPPING.test(key) || PRESSING.test(key)
  if (tagName === 'BUTTON') return PRESSING.test(key)
  if (tagName !== 'INPUT') return false
  if (type === 'checkbox' || type === 'button') return PRESSING.test(key)
  if (type === 'radio' || type === 'range') return STEPPING.test(key) || PRESSING.test(key)
  return true
}

const isCovered = (control: HTMLElement | null): boolean =>
  control?.closest('[role="menu"]') != null || document.querySelector('[role="dialog"]') !== null

/**
 * Gives the focus back to the canvas once something was chosen outside a dialog: in a dropdown, with a checkbox or a
 * slider, by Enter in a field, with a button. Who goes through the controls by keyboard keeps the focus where it is.
 * Returns how to stop.
 */
export function returnFocus(target: Window, canvas: () => HTMLElement | null): () => void {
  const listening = new AbortController()
  const { signal } = listening
  const { document } = target
  let byPointer = false
  let lastKey = ''
  const giveBack = (control: EventTarget | null): void => {
    if (!(control instanceof HTMLElement) || isCovered(control)) return
    // A button may open something that takes the focus.
    target.requestAnimationFrame(() => {
      if (document.activeElement === control && !isCovered(control)) canvas()?.focus({ preventScroll: true })
    })
  }
  const on = <Name extends keyof WindowEventMap>(
    name: Name,
    listener: (event: WindowEventMap[Name]) => void,
  ): void => target.addEventListener(name, listener, { signal, capture: true })
  on('pointerdown', () => {
    byPointer = true
  })
  on('keydown', (event) => {
    byPointer = false
    lastKey = event.key
    const field = event.target
    if (event.key === 'Enter' && field instanceof HTMLInputElement && usesKey(field, 'a')) giveBack(field)
  })
  on('change', ({ target: control }) => {
    const isChosen = control instanceof HTMLSelectElement && !STEPPING.test(lastKey)
    if (byPointer || isChosen) giveBack(control)
  })
  on('click', ({ target: clicked, detail }) => {
    if (byPointer && detail > 0 && clicked instanceof Element) giveBack(clicked.closest('button'))
  })
  return () => listening.abort()
}
