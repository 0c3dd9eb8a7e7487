/** `fcos serve`: runs the studio in a browser, until it is stopped. */
import path from 'node:path'
import { PROJECT } from '../../setup/binding.ts'
import { cacheRoot } from '../../setup/cache.ts'
import { provideWindow } from '../../setup/window.ts'
import { createHost } from '../../studio/api/create-host.ts'
import { dataFolder } from '../../studio/api/data-folder.ts'
import { dispatch } from '../../studio/api/dispatch.ts'
import { KeptLogin } from '../../web/kept-login.ts'
import { hasDisplay, openBrowser } from '../../web/open-browser.ts'
import { openServer } from '../../web/server.ts'
import { onEnd } from '../interrupt.ts'
import type { Progress } from '../progress.ts'

export interface ServeOptions {
  /** A project's file or folder, or a folder of images; if omitted, the welcome page is opened. */
  readonly project?: string
  /** By default the port of the last start, if it is free. */
  readonly port?: number
  /** Whether to open the browser, if there is a display. */
  readonly open: boolean
}

export interface ServeReport {
  readonly url: string
  readonly port: number
  readonly pid: number
}

/** Returns after SIGINT, SIGTERM or SIGHUP has shut it down cleanly. */
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
    const server = await openServer({ host, pagesFolder, port, login: new KeptLogin(dataFolder()) })
    const told = toldToEnd()
    onReady({ url: server.url, port: server.port, pid: process.pid })
    if (open && hasDisplay()) openBrowser(server.ticketUrl())
    await told
    await server.close()
  } finally {
    await host.close()
  }
}

/** Stopping a server is not an error, so the exit status is 0. */
const toldToEnd = (): Promise<void> => new Promise((resolve) => void onEnd(resolve, 0))

export function renderServe({ url }: ServeReport): string {
  return `FCOS Studio is at ${url} (press Ctrl-C to stop)`
}
