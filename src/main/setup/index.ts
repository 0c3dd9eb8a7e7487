/**
 * `npm run setup`: everything that the studio needs besides its npm packages. With `--for-training`, a runtime that can only
 * detect is an error, because `npm test` needs training.
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
  const trains = runtime.device !== 'onnx'
  log(`${runtimeTitle(runtime)}. ${runtime.chosenBecause.join('. ')}`)
  if ('addOn' in runtime.openvino)
    log(`OpenVINO ${runtime.openvino.version} detects in bfloat16 where that is faster`)
  if (!trains && process.argv.includes('--for-training')) throw inferenceOnly()
  // Training starts from them, so a runtime that cannot train does not need them. Others are repaired if they are present.
  const weights = readModels().filter(
    (model) => (trains && model.setup) || existsSync(weightsPath(model, cache)),
  )
  for (const model of weights) await provideWeights(model, { cache, log })
} catch (error) {
  const wire = toWire(error)
  console.error(`${wire.code}: ${describe(wire)}`)
  process.exitCode = isInputError(wire.code) ? 2 : 1
}
