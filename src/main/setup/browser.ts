/** A Chromium for the tests that drive the studio in a browser. */

import { existsSync } from 'node:fs'
import { chromium } from 'playwright'
import { CodedError } from '../../core/errors.ts'
import { run } from '../process/run.ts'
import { PROJECT } from './binding.ts'

const SYSTEM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** FCOS_CHROMIUM, Playwright's own, or the system's; null if there is none. */
export function findBrowser(
  env: NodeJS.ProcessEnv = process.env,
  exists: (file: string) => boolean = existsSync,
  playwrights: string = chromium.executablePath(),
): string | null {
  const candidates = [...(env.FCOS_CHROMIUM ? [env.FCOS_CHROMIUM] : []), playwrights, ...SYSTEM]
  return candidates.find(exists) ?? null
}

/** @throws CodedError RUNTIME_NO_BROWSER if none is found and none can be installed. */
export async function provideBrowser(log: (line: string) => void): Promise<string> {
  const found = findBrowser()
  if (found) return found
  log('Downloading a Chromium for the browser tests')
  await run(process.execPath, ['node_modules/playwright/cli.js', 'install', 'chromium'], {
    cwd: PROJECT,
    showProgress: true,
  })
  if (!findBrowser() && process.platform === 'linux' && process.getuid?.() === 0) {
    log("Playwright's is not available; installing the system's chromium package")
    await run('apt-get', ['update'])
    await run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  }
  const installed = findBrowser()
  if (installed) return installed
  throw new CodedError(
    'RUNTIME_NO_BROWSER',
    'No Chromium was found for the browser tests, and none could be installed',
    'Install one (on Debian, apt-get install chromium) or set FCOS_CHROMIUM to the path of one',
  )
}
