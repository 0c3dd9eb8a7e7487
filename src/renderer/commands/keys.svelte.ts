/**
 * Runs commands by their keys. A focused control keeps the keys that it uses itself; all other keys run commands. Once
 * something has been chosen with a control, the focus returns to the canvas.
 */
import { createKeybindingsHandler } from 'tinykeys'
import type { Command, Commands } from './commands.svelte.ts'

/** Call in an effect, which then follows the registry and the user's keys. Returns a function that stops listening. */
export function listenForKeys(commands: Commands, target: Window): () => void {
  const bindings: Record<string, (event: KeyboardEvent) => void> = {}
  for (const command of commands.all) {
    for (const keys of commands.keysOf(command)) {
      bindings[keys] = (event) => {
        if (!isForCommand(event, keys, command) || !commands.isEnabled(command)) return
        event.preventDefault()
        // A held key must not mark image after image as done, or make views flicker.
        if (!event.repeat || command.repeats) void command.run()
      }
    }
  }
  // Each command decides whether to ignore the event: by default, the library ignores all keys in form controls.
  const handle = createKeybindingsHandler(bindings, { ignore: ({ isComposing }) => isComposing })
  target.addEventListener('keydown', handle)
  return () => target.removeEventListener('keydown', handle)
}

function isForCommand(event: KeyboardEvent, keys: string, { group }: Command): boolean {
  const { target, defaultPrevented } = event
  // A list or a chart has already handled it.
  if (defaultPrevented) return false
  const control = target instanceof HTMLElement ? target : null
  if (control && usesKey(control, event.key) && !isChord(keys)) return false
  // Commands must not act behind a dialog; help can be closed by the key that opened it.
  return group === 'Help' || !isCovered(control)
}

/** Keys with a modifier mean the same everywhere, except those that edit text. */
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

/** Whether a form control handles a key itself. */
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
 * Returns the focus to the canvas once something has been chosen outside a dialog: in a dropdown, with a checkbox, slider
 * or button, or by Enter in a field. Keyboard navigation through the controls keeps the focus where it is.
 * Returns a function that stops listening.
 */
export function returnFocus(target: Window, canvas: () => HTMLElement | null): () => void {
  const listening = new AbortController()
  const { signal } = listening
  const { document } = target
  let byPointer = false
  let lastKey = ''
  let lastTarget: EventTarget | null = null
  const mayGiveBack = (control: EventTarget | null): control is HTMLElement =>
    control instanceof HTMLElement && document.activeElement === control && !isCovered(control)
  const giveBack = (control: EventTarget | null): void => {
    if (mayGiveBack(control)) canvas()?.focus({ preventScroll: true })
  }
  /** For what may open something that takes the focus. */
  const giveBackLater = (control: EventTarget | null): void => {
    if (mayGiveBack(control)) target.requestAnimationFrame(() => giveBack(control))
  }
  const on = <Name extends keyof WindowEventMap>(
    name: Name,
    listener: (event: WindowEventMap[Name]) => void,
    capture: boolean,
  ): void => target.addEventListener(name, listener, { signal, capture })
  on(
    'pointerdown',
    () => {
      byPointer = true
    },
    true,
  )
  on(
    'keydown',
    (event) => {
      byPointer = false
      lastKey = event.key
      lastTarget = event.target
    },
    true,
  )
  // By keyup the field has reported its change and submitted its form. Waiting any longer, for a frame, would let the next
  // key go into the field on a busy machine.
  on(
    'keyup',
    ({ key, target: field }) => {
      // A key that was pressed on a button may have opened the field.
      if (key !== 'Enter' || lastKey !== 'Enter' || field !== lastTarget) return
      // A field for many names takes the next one.
      const isFilled = field instanceof HTMLInputElement && field.dataset.many === undefined
      if (isFilled && usesKey(field, 'a')) giveBack(field)
    },
    false,
  )
  // Bubbling: whoever owns the control has taken the change by then. A dropdown would take the next letter as a choice.
  on(
    'change',
    ({ target: control }) => {
      if (control instanceof HTMLSelectElement) {
        if (byPointer || !STEPPING.test(lastKey)) giveBack(control)
      } else if (byPointer) giveBackLater(control)
    },
    false,
  )
  on(
    'click',
    ({ target: clicked, detail }) => {
      if (byPointer && detail > 0 && clicked instanceof Element) giveBackLater(clicked.closest('button'))
    },
    true,
  )
  return () => listening.abort()
}
