/** `npm run setup`: everything that the studio needs beside its npm packages. */

import { describe, isInputError, toWire } from '../../core/contract/errors.ts'
import { cacheRoot } from './cache.ts'
import { setUpRuntime } from './runtime.ts'

try {
  const log = (line: string) => console.log(line)
  const runtime = await setUpRuntime(cacheRoot(), log)
  log(
    `Runtime: TensorFlow ${runtime.tensorflow} on the ${runtime.device.toUpperCase()}. ${runtime.chosenBecause.join('. ')}`,
  )
} catch (error) {
  const wire = toWire(error)
  console.error(`${wire.code}: ${describe(wire)}`)
  process.exitCode = isInputError(wire.code) ? 2 : 1
}
