/**
 * `npm run setup`: everything that the studio needs beside its npm packages. With `--for-training` a runtime that only
 * detects is an error: `npm test` cannot do with less.
 */

import { existsSync } from 'node:fs'
import { inferenceOnly, runtimeTitle } from '../../core/contract/runtime.ts'
import { describe, isInputError, toWire } from '../../core/errors.ts'
import { cacheRoot } from './cache.ts'
import { checkoutSetup, setUpRuntime } from './runtime.ts'
import { provideWeights, readModels, weightsPath } from './weights.ts'

const log = (line: string) => console.log(line)

try {
  const cache = cacheRoot()
  const runtime = await setUpRuntime(checkoutSetup(cache, log))
  const trains = runtime.device !== 'wasm'
  log(`${runtimeTitle(runtime)}. ${runtime.chosenBecause.join('. ')}`)
  if (!trains && process.argv.includes('--for-training')) throw inferenceOnly()
  // Training starts from them; what does not train does without. Others that are there are repaired if need be.
  const weights = readModels().filter(
    (model) => (trains && model.setup) || existsSync(weightsPath(model, cache)),
  )
  for (const model of weights) await provideWeights(model, { cache, log })
} catch (error) {
  const wire = toWire(error)
  console.error(`${wire.code}: ${describe(wire)}`)
  process.exitCode = isInputError(wire.code) ? 2 : 1
}
