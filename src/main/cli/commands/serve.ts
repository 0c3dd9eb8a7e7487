/** `fcos serve`: the studio in a browser, until it is told to end. */
import path from 'node:path'
import { PROJECT } from '../../setup/binding.ts'
import { cacheRoot } from '../../setup/cache.ts'
import { provideWindow } from '../../setup/window.ts'
import { createHost } from '../../studio/api/create-host.ts'
import { dispatch } from '../../studio/api/dispatch.ts'
import { hasDisplay, openBrowser } from '../../web/open-browser.ts'
import { openServer } from '../../web/server.ts'
import { onEnd } from '../interrupt.ts'
import type { Progress } from '../progress.ts'

export interface ServeOptions {
  /** A project's file or folder, or a folder of images; left out: the welcome page. */
  readonly project?: string
  readonly port: number
  /** Whether the browser is opened, where there is a display. */
  readonly open: boolean
}

export interface ServeReport {
  readonly url: string
  readonly port: number
  readonly pid: number
}

/** Returns when SIGINT, SIGTERM or SIGHUP has ended it in good order. */
export async function runServe(
  { project, port, open }: ServeOptions,
  progress: Progress,
  onReady: (report: ServeReport) => void,
): Promise<void> {
  const pagesFolder = await provideWindow((line) => progress.say(line))
  const cacheFolder = path.join(cacheRoot(), 'pictures')
  const host = createHost({ shell: 'browser', root: PROJECT, cacheFolder })
  try {
    if (project !== undefined) await dispatch(host, 'project.open', { path: path.resolve(project) })
    const server = await openServer({ host, pagesFolder, port })
    const told = toldToEnd()
    onReady({ url: server.url, port: server.port, pid: process.pid })
    if (open && hasDisplay()) openBrowser(server.ticketUrl())
    await told
    await server.close()
  } finally {
    await host.close()
  }
}

/** A server's end is no fault: exit status 0. */
const toldToEnd = (): Promise<void> => new Promise((resolve) => void onEnd(resolve, 0))

export function renderServe({ url }: ServeReport): string {
  return `FCOS Studio is at ${url} (Ctrl-C ends it)`
}
