/** Runs functions of a test in this process, as Playwright's ElectronApplication.evaluate does in Electron's. */
import { endpoint } from './browser.ts'
import * as electron from './electron.ts'

interface Task {
  readonly id: number
  /** A function's source; it gets Electron's module and the argument. */
  readonly source: string
  readonly argument: unknown
}

process.on('message', async ({ id, source, argument }: Task) => {
  try {
    const run = new Function(`return (${source})`)()
    process.send!({ id, value: await run(electron, argument) })
  } catch (error) {
    process.send!({ id, error: String(error) })
  }
})

// The test is over, however it ended; Playwright ends Chromium with this process.
process.once('disconnect', () => setTimeout(() => process.exit(), 2000).unref())

endpoint.then((address) => process.send!({ endpoint: address }))
