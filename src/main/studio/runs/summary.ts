/** Summarises a run from the files in its folder. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { decidingAp, type Evaluated } from '../../../core/contract/engine.ts'
import { RUN_FILES } from '../../../core/contract/run-record.ts'
import type { RunSummary } from '../../../core/contract/studio/runs.ts'
import { lastStep, readEvaluations, readRecord } from './run-log.ts'
import type { RunNote } from './run-note.ts'

/** The state as if no process trained the run: one that was training counts as interrupted. */
export function summarise(id: string, folder: string, note: RunNote): RunSummary {
  const file = (name: keyof typeof RUN_FILES): string => path.join(folder, RUN_FILES[name])
  const record = readRecord(folder)
  const step = lastStep(folder)
  const { name, created, error, from, assist } = note
  const state = note.state === 'running' ? 'interrupted' : note.state
  return {
    ...{ id, name, created, state, error, from, step },
    overfit: note.overfit !== null,
    ...(assist && { assist }),
    architecture: record?.model.architecture ?? null,
    ...(record?.model.detector !== undefined && { detector: record.model.detector }),
    size: record?.options.size ?? null,
    classes: record?.model.classes ?? null,
    images: record?.images ?? null,
    steps: note.assist ? null : (record?.options.steps ?? null),
    best: bestOf(readEvaluations(folder)),
    checkpoint: [file('best'), file('last')].find(existsSync) ?? null,
    // A run that is trained elsewhere has no state before it has begun.
    resumable:
      !note.assist &&
      state !== 'done' &&
      record !== undefined &&
      [file('state'), file('start')].some(existsSync),
    live: null,
  }
}

/** The first with the best AP, as the engine chooses the checkpoint that it keeps. */
export function bestOf(evaluations: readonly Evaluated[]): RunSummary['best'] {
  let best: Evaluated | undefined
  for (const one of evaluations) if (!best || decidingAp(one) > decidingAp(best)) best = one
  if (!best) return null
  const { step, stats, maskStats } = best
  return { step, ap: stats[0]!, ap50: stats[1]!, ...(maskStats && { maskAp: maskStats[0]! }) }
}
