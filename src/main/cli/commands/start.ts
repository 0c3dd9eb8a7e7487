/** `fcos start`, which `npm start` calls: the studio on the bundled sample, in its own window or in the browser. */
import path from 'node:path'
import { runInForeground } from '../../process/run.ts'
import { PROJECT } from '../../setup/binding.ts'
import { provideElectron } from '../../setup/electron.ts'
import { provideWindow } from '../../setup/window.ts'
import { dataFolder } from '../../studio/api/data-folder.ts'
import { openSample } from '../../studio/api/opening.ts'
import { Settings } from '../../studio/settings.ts'
import { hasDisplay } from '../../web/open-browser.ts'
import type { Progress } from '../progress.ts'
import { runServe, type ServeReport } from './serve.ts'

/** A window that fails this soon after its start was never visible: libraries are missing, or its sandbox is forbidden. */
const STILLBORN_MS = 5000

/** Returns when the window is closed or the server is stopped. */
export async function runStart(progress: Progress, onReady: (report: ServeReport) => void): Promise<void> {
  const say = (line: string): void => progress.say(line)
  const project = await provideSample()
  const electron = await findElectron(say)
  if ('program' in electron) {
    await provideWindow(say)
    if (await showWindow(electron.program, project)) return
  }
  const why = 'missing' in electron ? electron.missing : 'The desktop window cannot open on this machine'
  say(`${why}: the studio runs in the browser`)
  await runServe({ project, open: true }, progress, onReady)
}

/** The folder of the user's copy, which is created if it does not exist. */
async function provideSample(): Promise<string> {
  const folder = dataFolder()
  const project = await openSample(path.join(PROJECT, 'resources/sample'), folder, new Settings(folder))
  project.close()
  return path.dirname(project.path)
}

/** Electron's program if it can show a window, or the reason why it cannot. */
async function findElectron(say: (line: string) => void): ReturnType<typeof provideElectron> {
  if (!hasDisplay()) return { missing: 'There is no display' }
  // Chromium's sandbox does not work for root, and the studio does not run without it.
  if (process.getuid?.() === 0) return { missing: 'Desktop windows cannot be opened as root' }
  return provideElectron(say)
}

/** Returns when the window is closed, or at once with false if it cannot be shown. */
async function showWindow(electron: string, project: string): Promise<boolean> {
  const began = performance.now()
  const status = await runInForeground(electron, [PROJECT, project])
  return status === 0 || performance.now() - began > STILLBORN_MS
}
