/** What the preload script puts into a desktop window's page as `window.desktop`, and the names that both sides use. */
import type { WireError } from '../errors.ts'

/** Messages from the shell to a page. */
export type DesktopMessage =
  /** The user chose a command in a native menu. */
  | { readonly run: string }
  /** The user wants a project, a folder or a project's file opened: from the command line, the file manager or a menu. */
  | { readonly open: string }

export type DesktopAnswer = { readonly result: unknown } | { readonly error: WireError }

export interface DesktopBridge {
  /** A method of desktop.ts. */
  call(method: string, params: unknown): Promise<DesktopAnswer>
  /** Set before `messages.listen` is called. */
  listen(listener: (message: DesktopMessage) => void): void
  /** Of a file or folder dropped onto the page; empty for one that is not on disk. */
  pathForFile(file: File): string
}

/** Both the calls' channel and that of the shell's messages. */
export const DESKTOP_CHANNEL = 'desktop'
export const PORT_CHANNEL = 'studio-port'
/** The data of the window message that brings the page its port. */
export const PORT_MESSAGE = 'studio-port'
