import type { BeginRequest, EngineEvent } from '../../../core/contract/engine.ts'
import type { RunRecord } from '../../../core/contract/run-record.ts'
import { writeCheckpoint } from '../weights/checkpoint.ts'
import { dataNotes } from './data-notes.ts'
import { RunFolder } from './run-folder.ts'
import { definedRun, resumedDefinition } from './start.ts'

/** @throws CodedError as a training that starts or is resumed. */
export async function begin(request: BeginRequest, emit: (event: EngineEvent) => void): Promise<RunRecord> {
  const folder = new RunFolder(request.out)
  if (request.resume) {
    const { record } = resumedDefinition(folder, request)
    await folder.replaceRecord(record)
    return record
  }
  const { record, data, state } = await definedRun(folder, request)
  const { size, seed } = record.options
  const training = { step: 0, size, seed, images: record.images, stats: null }
  await writeCheckpoint(folder.start, { config: record.model, tensors: state, training })
  for (const note of dataNotes(data.data, record.model)) emit({ kind: 'note', message: note })
  return record
}
