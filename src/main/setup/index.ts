/** `npm run setup`: everything that the studio needs beside its npm packages. */

import { describe, isInputError, toWire } from '../../core/contract/errors.ts'
import { cacheRoot } from './cache.ts'
import { checkoutSetup, setUpRuntime } from './runtime.ts'
import { provideWeights, readModels } from './weights.ts'

const log = (line: string) => console.log(line)

try {
  const cache = cacheRoot()
  const runtime = await setUpRuntime(checkoutSetup(cache, log))
  for (const model of readModels().filter(({ setup }) => setup)) await provideWeights(model, { cache, log })
  const device = runtime.device.toUpperCase()
  log(`TensorFlow ${runtime.tensorflow} on the ${device}. ${runtime.chosenBecause.join('. ')}`)
} catch (error) {
  const wire = toWire(error)
  console.error(`${wire.code}: ${describe(wire)}`)
  process.exitCode = isInputError(wire.code) ? 2 : 1
}
