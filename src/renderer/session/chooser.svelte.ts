/** Asks the user for a folder or file of this machine: natively on the desktop, with our own dialog in a browser. */
import type { FolderEntry } from '../../core/contract/studio/app.ts'

export interface Choice {
  readonly title: string
  /** The verb on the button: "Open". */
  readonly verb: string
  /** What may be chosen; folders can always be entered. */
  readonly kinds: readonly FolderEntry['kind'][]
  /** To name a file or folder that is to be written: the proposed name. */
  readonly saveAs?: string
}

export interface PendingChoice extends Choice {
  readonly settle: (path: string | undefined) => void
}

/** What a desktop window has of its own. */
export interface NativeDialogs {
  choose(choice: Choice): Promise<string | undefined>
  /** Shows a file in the system's file manager. */
  reveal(path: string): Promise<unknown>
}

export class Chooser {
  readonly native: NativeDialogs | null
  /** What our own dialog asks for now. */
  pending = $state.raw<PendingChoice | null>(null)

  constructor(native: NativeDialogs | null) {
    this.native = native
  }

  /** Absolute path; undefined if the user thought better of it. */
  choose(choice: Choice): Promise<string | undefined> {
    if (this.native) return this.native.choose(choice)
    this.pending?.settle(undefined)
    return new Promise((resolve) => {
      const settle = (path: string | undefined): void => {
        this.pending = null
        resolve(path)
      }
      this.pending = { ...choice, settle }
    })
  }
}
