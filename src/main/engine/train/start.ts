/** What a run consists of when it starts, and when it goes on. */
import type { TrainRequest } from '../../../core/contract/engine.ts'
import type { RunData } from '../../../core/contract/run-data.ts'
import type { RunRecord } from '../../../core/contract/run-record.ts'
import { CodedError } from '../../../core/errors.ts'
import { trainingCanvas } from '../data/canvas.ts'
import { Fcos } from '../model/fcos.ts'
import { device } from '../tensor/tensorflow.ts'
import { beginLearning } from './learning.ts'
import type { RunFolder } from './run-folder.ts'
import { startingPoint } from './starting-point.ts'
import { type Restored, restoreState } from './state.ts'

export interface Start extends Restored {
  readonly record: RunRecord
  readonly data: RunData
}

/** @throws CodedError WEIGHTS_*, USAGE_CACHE, USAGE_RUN_EXISTS, IO_*. */
export async function startedRun(folder: RunFolder, request: TrainRequest): Promise<Start> {
  const { data, validation } = request
  if (!data) throw new CodedError('ENGINE_REQUEST', 'A new run needs data to learn from')
  const { config, options, state, report } = await startingPoint({ ...request, data })
  const record: RunRecord = {
    format: 'fcos-studio-run',
    version: 1,
    model: config,
    options,
    canvas: trainingCanvas(data.images, config.input),
    images: data.images.length,
    loaded: report,
    started: new Date().toISOString(),
    device,
  }
  await folder.create(record, { data, validation })
  return {
    record,
    data: { data, validation },
    learning: beginLearning(new Fcos(config, state), options),
    progress: { step: 0, rateScale: 1, rollbacks: 0, positives: null, best: null },
  }
}

/** @throws CodedError USAGE_NO_RUN, WEIGHTS_STATE. */
export async function resumedRun(folder: RunFolder): Promise<Start> {
  const { record, data } = folder.open()
  return { record, data, ...(await restoreState(folder.state, record.model, record.options)) }
}
