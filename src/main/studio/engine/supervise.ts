/** Keeps a training run going when its engine dies. */

import type { EngineEvent, EngineHello, TrainRequest, TrainResult } from '../../../core/contract/engine.ts'
import { CodedError } from '../../../core/errors.ts'
import type { Engine } from './client.ts'
import type { PauseSwitch } from './pause-switch.ts'

export interface TrainingHooks {
  readonly onReady?: (hello: EngineHello) => void
  readonly onEvent: (event: EngineEvent) => void
  readonly signal?: AbortSignal
  /** Stays in force when the engine is replaced. */
  readonly pause?: PauseSwitch
}

/**
 * Trains in an engine of its own. If that dies after its first saved state, a second one goes on from the last; a run
 * that kills two engines would kill the third as well, so then the error goes to the caller.
 */
export async function train(
  start: () => Promise<Engine>,
  request: TrainRequest,
  hooks: TrainingHooks,
): Promise<TrainResult> {
  let saved = false
  const onEvent = (event: EngineEvent): void => {
    // The engine sends its plan when the first state is on disk.
    saved ||= event.kind === 'plan'
    hooks.onEvent(event)
  }
  try {
    return await trainOnce(start, request, { ...hooks, onEvent })
  } catch (error) {
    const died = error instanceof CodedError && error.code === 'ENGINE_DIED'
    if (!died || !saved || hooks.signal?.aborted) throw error
    hooks.onEvent({ kind: 'note', message: `${error.message}. Continuing from the last saved state` })
    return await trainOnce(start, { ...request, resume: true }, hooks)
  }
}

async function trainOnce(
  start: () => Promise<Engine>,
  request: TrainRequest,
  { onReady, onEvent, signal, pause }: TrainingHooks,
): Promise<TrainResult> {
  const engine = await start()
  try {
    onReady?.(engine.hello)
    return await engine.call(request, onEvent, signal, pause)
  } finally {
    await engine.close()
  }
}
