/** Asks the user for a folder or file on this machine: natively on the desktop, with the studio's own dialog in a browser. */
import type { FolderEntry } from '../../core/contract/studio/app.ts'

export interface Choice {
  readonly title: string
  /** The verb on the button: "Open". */
  readonly verb: string
  /** What may be chosen; folders can always be opened. */
  readonly kinds: readonly FolderEntry['kind'][]
  /** When choosing a name to write to: the suggested name. */
  readonly saveAs?: string
  /** The folder that is listed first; by default the one where something was chosen last. */
  readonly startAt?: string
}

export interface PendingChoice extends Choice {
  readonly settle: (path: string | undefined) => void
}

/** Dialogs that only a desktop window has. */
export interface NativeDialogs {
  choose(choice: Choice): Promise<string | undefined>
  /** Shows a file in the system's file manager. */
  reveal(path: string): Promise<unknown>
}

export class Chooser {
  readonly native: NativeDialogs | null
  /** What the studio's own dialog currently asks for. */
  pending = $state.raw<PendingChoice | null>(null)

  constructor(native: NativeDialogs | null) {
    this.native = native
  }

  /** Absolute path; undefined if the user cancels. */
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
