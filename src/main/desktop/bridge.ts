/** Answers the calls of pages to the shell (core/contract/desktop.ts). Sender and parameters are checked here. */
import { type IpcMainInvokeEvent, ipcMain } from 'electron'
import {
  DESKTOP_METHODS,
  type DesktopMethod,
  type DesktopParams,
  type DesktopResult,
  isDesktopMethod,
} from '../../core/contract/desktop.ts'
import { DESKTOP_CHANNEL, type DesktopAnswer } from '../../core/contract/desktop-bridge.ts'
import { CodedError, toWire } from '../../core/errors.ts'
import { firstIssue } from '../../core/formats/problems.ts'
import { isOurs } from './origin.ts'
import type { StudioWindow } from './studio-window.ts'

export type DesktopHandlers = {
  readonly [Name in DesktopMethod]: (
    window: StudioWindow,
    params: DesktopParams<Name>,
  ) => DesktopResult<Name> | Promise<DesktopResult<Name>>
}

/** `current` is the studio's window, the only one whose page may call. */
export function answerPages(current: () => StudioWindow | undefined, handlers: DesktopHandlers): void {
  ipcMain.handle(DESKTOP_CHANNEL, async (event, method, params): Promise<DesktopAnswer> => {
    try {
      const window = trusted(event, current())
      return { result: await answer(handlers, window, method, params) }
    } catch (error) {
      if (!(error instanceof CodedError)) console.error(error)
      return { error: toWire(error) }
    }
  })
}

/** Checklist, 17. The frame is null if it no longer exists. */
function trusted(
  { sender, senderFrame }: IpcMainInvokeEvent,
  window: StudioWindow | undefined,
): StudioWindow {
  if (senderFrame !== null && window?.isPage(sender, senderFrame) && isOurs(senderFrame.url)) return window
  console.warn(`Refused a call from ${senderFrame?.url ?? 'a frame that no longer exists'}`)
  throw new CodedError('USAGE_SENDER', 'This page may not call the shell')
}

async function answer(
  handlers: DesktopHandlers,
  window: StudioWindow,
  method: unknown,
  params: unknown,
): Promise<unknown> {
  if (!isDesktopMethod(method)) throw new CodedError('USAGE_REQUEST', 'The shell has no such method')
  const parsed = DESKTOP_METHODS[method].params.safeParse(params)
  if (!parsed.success) throw new CodedError('USAGE_REQUEST', `${method}: ${firstIssue(parsed.error)}`)
  const handler = handlers[method] as (window: StudioWindow, params: unknown) => unknown
  return handler(window, parsed.data)
}
