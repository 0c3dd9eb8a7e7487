/** The report of a run: measures its model anew, then writes all that is known of the run into one file. */
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import type { EngineData } from '../../../core/contract/engine.ts'
import { RUN_FILES } from '../../../core/contract/run-record.ts'
import type { ReportExport } from '../../../core/contract/studio/exports.ts'
import { CodedError } from '../../../core/errors.ts'
import { replaceFile, requireFree } from '../../files/replace-file.ts'
import type { Engine } from '../engine/client.ts'
import type { EnginePlace } from '../engine/place.ts'
import type { JobContext } from '../jobs.ts'
import { readCurves, readRecord } from '../runs/run-log.ts'
import type { StoredRun } from '../runs/run-store.ts'
import { countData, readSnapshot } from '../runs/snapshot.ts'
import { errorsOf, type Found, findAll } from './check-model.ts'
import { type DrawingTask, drawReport } from './report/drawing.ts'

export interface ReportOptions {
  readonly out: string
  readonly overwrite: boolean
  readonly project: string
  /** Of this program. */
  readonly version: string
  readonly place: EnginePlace
}

/** Throws USAGE_RUN, DATA_EXISTS, IO_WRITE, the engine's errors, and the signal's reason. */
export async function writeReport(
  { folder, note, summary: run }: StoredRun,
  start: () => Promise<Engine>,
  { out: name, overwrite, project, version, place }: ReportOptions,
  { signal, report }: JobContext,
): Promise<ReportExport> {
  const out = /\.html?$/i.test(name) ? name : `${name}.html`
  requireFree(out, overwrite)
  const record = readRecord(folder)
  const snapshot = readSnapshot(folder)
  if (!record || !snapshot) {
    throw new CodedError(
      'USAGE_RUN',
      `${run.name} has not started, so there is nothing to report`,
      'Let it train first',
    )
  }
  const lacks: string[] = []
  const { data, validation } = snapshot
  let results: DrawingTask['results'] = null
  if (!validation) lacks.push('Nothing was measured: the run has no validation images.')
  else if (!run.checkpoint) lacks.push('Nothing was measured: the run has not saved a model yet.')
  else
    results = { data: validation, found: await findIn(run.checkpoint, validation, start, { signal, report }) }
  const unread = errorsOf(results?.found ?? [])
  if (unread.length > 0) {
    const { message } = unread[0]!
    lacks.push(
      `${unread.length} of the validation images could not be used, the first because of this: ${message}. They count as if nothing had been found.`,
    )
  }
  report(0.9, 'Drawing')
  const file = await readFile(path.join(folder, RUN_FILES.data))
  const curves = readCurves(folder, 0)
  const task: DrawingTask = {
    ...{ project, version, run, record, curves, results, lacks, notes: note.notes },
    written: new Date().toISOString(),
    data: { training: countData(data), validation: validation && countData(validation) },
    snapshot: createHash('sha256').update(file).digest('hex'),
    evaluation: curves.evaluations.find(({ step }) => step === run.best?.step) ?? null,
  }
  await replaceFile(out, await drawReport(place, task, signal))
  return { path: out, bytes: (await stat(out)).size, lacks }
}

async function findIn(
  checkpoint: string,
  { images }: EngineData,
  start: () => Promise<Engine>,
  { signal, report }: JobContext,
): Promise<Found> {
  report(0, 'Starting the engine')
  const engine = await start()
  try {
    const files = images.map(({ path: file, width, height }) => ({ path: file, size: { width, height } }))
    return await findAll(engine, checkpoint, files, signal, (done) =>
      report((0.9 * done) / files.length, `Detecting, image ${done} of ${files.length}`),
    )
  } finally {
    await engine.close()
  }
}
