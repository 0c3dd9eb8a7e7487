/** Called by `npm test` before tests that drive the studio in a browser. */

import { describe, toWire } from '../../core/errors.ts'
import { provideBrowser } from './browser.ts'

try {
  await provideBrowser((line) => console.log(line))
} catch (error) {
  const wire = toWire(error)
  console.error(`${wire.code}: ${describe(wire)}`)
  process.exitCode = 1
}
