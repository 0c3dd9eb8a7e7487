/** The window's messages. Errors stay until they are dismissed. */
import { CodedError } from '../../core/errors.ts'
import { errorWords } from './error-words.ts'

export interface Message {
  readonly id: number
  readonly kind: 'info' | 'error'
  readonly text: string
  /** A button beside the text, such as "Undo". */
  readonly action: { readonly title: string; readonly run: () => void } | null
}

const MOST = 5
/** Long enough to read one line twice. */
const INFO_MS = 6000
/** Long enough for a few words in reply to a key. */
const STATUS_MS = 3000

export class Messages {
  list = $state.raw<readonly Message[]>([])
  /** What the last key did, shown briefly: "Class of 1 box: die → marble". Empty when there is nothing to report. */
  status = $state('')
  #statusTimer: ReturnType<typeof setTimeout> | undefined
  #nextId = 1

  say(status: string): void {
    this.status = status
    clearTimeout(this.#statusTimer)
    this.#statusTimer = setTimeout(() => {
      this.status = ''
    }, STATUS_MS)
  }

  show(text: string, action: Message['action'] = null): void {
    const id = this.#add({ kind: 'info', text, action })
    setTimeout(() => this.dismiss(id), INFO_MS)
  }

  showError(error: unknown): void {
    if (!(error instanceof CodedError)) console.error(error)
    this.#add({ kind: 'error', text: errorWords(error), action: null })
  }

  dismiss(id: number): void {
    this.list = this.list.filter((message) => message.id !== id)
  }

  dismissErrors(): void {
    this.list = this.list.filter(({ kind }) => kind !== 'error')
  }

  dismissAll(): void {
    this.list = []
  }

  /** Removes the buttons: what they offered is no longer possible. */
  withdrawActions(): void {
    this.list = this.list.map((message) => (message.action ? { ...message, action: null } : message))
  }

  #add(message: Omit<Message, 'id'>): number {
    const id = this.#nextId++
    const others = this.list.filter(({ text }) => text !== message.text)
    this.list = [...others, { ...message, id }].slice(-MOST)
    return id
  }
}
