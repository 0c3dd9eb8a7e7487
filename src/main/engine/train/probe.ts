/** What a training run would cost on this machine: a few of its steps, of which nothing is kept. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { EngineEvent, ProbeRequest, ProbeResult } from '../../../core/contract/engine.ts'
import { sampleRules } from '../../../core/training/tiles.ts'
import { temporaryFolder } from '../../files/temporary-folder.ts'
import type { JobControl } from '../control.ts'
import { canvasFor } from '../data/canvas.ts'
import { Network } from '../model/network.ts'
import { peakMb } from '../resources.ts'
import { beginLearning, endLearning } from './learning.ts'
import { Normaliser } from './normaliser.ts'
import { openBatches } from './open-batches.ts'
import { startingPoint } from './starting-point.ts'
import { takeStep } from './step.ts'

/** The first one allocates and compiles, and is not counted. */
const STEPS = 3

/** @throws CodedError as a training run would. */
export async function probe(
  request: ProbeRequest,
  emit: (event: EngineEvent) => void,
  control: JobControl,
): Promise<ProbeResult> {
  const { data } = request
  const { config, options, state } = await startingPoint(request)
  const rules = sampleRules(data.images, config.input, options)
  const canvas = canvasFor(data, config, rules)
  const learning = beginLearning(new Network(config, state), options)
  const folder = await temporaryFolder('probe')
  const [features, copies] = [join(folder, 'features'), join(folder, 'copies')]
  // Features are cached for as many images only as the steps see.
  const seen = { ...data, images: data.images.slice(0, STEPS * options.batch * options.accumulate) }
  const settings = { options, canvas, rules, features, copies, data: options.cacheFeatures ? seen : data }
  try {
    const began = performance.now()
    const note = (message: string) => emit({ kind: 'note', message })
    const batches = await openBatches(learning.model, settings, 0, note, { control, report: () => {} })
    const prepareSeconds = options.cacheFeatures
      ? ((performance.now() - began) / 1000) * (data.images.length / seen.images.length)
      : 0
    const normaliser = new Normaliser(options.normaliser)
    const seconds: number[] = []
    try {
      for (let step = 0; step < STEPS && !control.signal.aborted; step++) {
        const start = performance.now()
        const { steps, accumulate, optimiser } = options
        await takeStep(learning, batches, normaliser, {
          step,
          steps,
          passes: accumulate,
          rate: optimiser.rate,
        })
        if (step > 0) seconds.push((performance.now() - start) / 1000)
        await control.turn()
      }
    } finally {
      await batches.close()
    }
    return {
      options,
      canvas,
      secondsPerStep: seconds.reduce((sum, each) => sum + each, 0) / seconds.length,
      prepareSeconds,
      peakMb: peakMb(),
      complete: seconds.length === STEPS - 1,
    }
  } finally {
    endLearning(learning)
    await rm(folder, { recursive: true, force: true })
  }
}
