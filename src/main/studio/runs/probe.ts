/** Measures how long a step of a planned run takes, by taking a few in an engine of its own. */
import type { ProbeRequest } from '../../../core/contract/engine.ts'
import type { RunCost, RunPlan } from '../../../core/contract/studio/runs.ts'
import { trainingOptions } from '../../../core/training/presets.ts'
import type { EnginePlace } from '../engine/place.ts'
import type { JobContext } from '../jobs.ts'
import type { Project } from '../project/index.ts'
import { engineSets, plannedData, plannedOptions, publishedWeights, weightsFile } from './plan.ts'
import type { RunStore } from './run-store.ts'
import { startTrainingEngine } from './train-at.ts'

/** Throws DATA_NO_BOXES, USAGE_RUN, USAGE_NO_FILE. */
export function probeRequest(plan: RunPlan, project: Project, store: RunStore): ProbeRequest {
  const { data } = engineSets(project, plannedData(project, plan))
  const architecture = plan.model.kind === 'pretrained' ? plan.model.architecture : null
  const options = { ...plannedOptions(plan) }
  if (architecture !== null) {
    // The values of published weights do not change the time of a step, so they are not downloaded for it. Which layers
    // learn does, so that is decided as if the weights were there.
    const isWhole = publishedWeights(architecture, options.model?.detector) === 'COCO weights'
    const loaded = isWhole ? 'pyramid' : 'backbone'
    const { learn } = trainingOptions(architecture, data.images.length, options.training, loaded)
    options.training = { ...options.training, learn }
  }
  return { method: 'probe', architecture, weights: weightsFile(plan, store), data, options }
}

/** Throws the engine's errors and the signal's reason. */
export async function probe(
  request: ProbeRequest,
  place: EnginePlace | undefined,
  { signal, report }: JobContext,
): Promise<RunCost> {
  report(null, 'starting the engine')
  const engine = await startTrainingEngine(place)
  try {
    signal.throwIfAborted()
    report(null, 'taking a few steps')
    const { secondsPerStep, prepareSeconds, peakMb, canvas } = await engine.call(request, () => {}, signal)
    signal.throwIfAborted()
    return { secondsPerStep, prepareSeconds, peakMb, canvas }
  } finally {
    await engine.close()
  }
}
