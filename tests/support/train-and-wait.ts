/** A program that opens the sample and trains until it is killed: node train-and-wait.ts FOLDER. Prints the run's id after a step. */
import type { RunChange } from '../../src/core/contract/studio/runs.ts'
import { openSample, sampleIn } from '../../src/main/studio/api/opening.ts'
import { engineHost, QUICK } from './training.ts'

const host = engineHost(process.argv[2]!)
const { sampleFolder, dataFolder } = host.options
await host.open(sampleIn(dataFolder), () => openSample(sampleFolder, dataFolder, host.settings))
host.subscribe((event, data) => {
  if (event === 'run' && (data as RunChange).run.state === 'paused') console.log(run.id)
})
const run = host.runs.start(QUICK, { images: [], every: 1 })
// Held after its first step, so that a run is killed that trains, however quick the machine.
host.runs.pause(run.id)
