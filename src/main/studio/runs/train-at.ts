/** Trains where a plan says: in the studio's own engine, in PyTorch on this machine, or on a Ray cluster. */
import type { TrainRequest, TrainResult } from '../../../core/contract/engine.ts'
import type { TrainingPlace } from '../../../core/contract/studio/runs.ts'
import { programOf } from '../../jobs/python.ts'
import { rayAddress } from '../../jobs/ray.ts'
import type { Engine } from '../engine/client.ts'
import { CHECKOUT, type EnginePlace } from '../engine/place.ts'
import { trainAsJob, trainInPyTorch } from '../engine/pytorch.ts'
import { startEngine } from '../engine/spawn.ts'
import { type TrainingHooks, train } from '../engine/supervise.ts'

/** The engine runs at low priority, because somebody may work in the window meanwhile. */
export const startTrainingEngine = (engine: EnginePlace | undefined): Promise<Engine> =>
  startEngine({ background: true, ...(engine && { place: engine }) })

/**
 * @param place undefined: the studio's engine
 * @param engine the location of the program; undefined: this checkout
 * @throws CodedError those of train, trainInPyTorch and trainAsJob.
 */
export function trainAt(
  place: TrainingPlace | undefined,
  request: TrainRequest,
  engine: EnginePlace | undefined,
  hooks: TrainingHooks,
): Promise<TrainResult> {
  const start = (): Promise<Engine> => startTrainingEngine(engine)
  if (place === undefined) return train(start, request, hooks)
  const program = programOf((engine ?? CHECKOUT).root)
  if (place.kind === 'pytorch') return trainInPyTorch(start, request, { ...place, program }, hooks)
  const cluster = { ...place, program, address: rayAddress(place.address) }
  return trainAsJob(start, request, cluster, { ...hooks, report: () => {} })
}
