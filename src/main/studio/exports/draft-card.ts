/** Gathers the contents of a model card from the file, its run, and an evaluation. */

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { RUN_FILES } from '../../../core/contract/run-record.ts'
import type { ModelCard } from '../../../core/contract/studio/exports.ts'
import type { ParsedParams } from '../../../core/contract/studio.ts'
import type { ModelConfig } from '../../../core/detectors/model-config.ts'
import { EVALUATION_SCORE } from '../../../core/detectors/shared/select.ts'
import { CodedError } from '../../../core/errors.ts'
import { matchClasses } from '../../../core/review/class-match.ts'
import { countOf } from '../../../core/words.ts'
import { aboutCheckpoint } from '../engine/weights-file.ts'
import type { Evaluations } from '../evaluation/evaluations.ts'
import type { Project } from '../project/index.ts'
import { readEvaluations, readRecord } from '../runs/run-log.ts'
import type { RunStore, StoredRun } from '../runs/run-store.ts'
import { countData, readSnapshot } from '../runs/snapshot.ts'
import { bestOf } from '../runs/summary.ts'
import { type CardThreshold, modelCard, type RunFacts } from './model-card.ts'

export interface CardSources {
  readonly project: Project
  readonly runs: RunStore
  readonly evaluations: Evaluations
  /** Of this program. */
  readonly version: string
}

/** Throws WEIGHTS_NOT_FOUND, USAGE_EVALUATION. */
export async function draftCard(
  { project, runs, evaluations, version }: CardSources,
  { model, evaluation, licence }: ParsedParams<'exports.card'>,
): Promise<ModelCard> {
  const about = await aboutCheckpoint(model)
  const config = about?.config ?? null
  const run = runs.list().find(({ folder }) => folder === path.dirname(model))
  const measured =
    evaluation === null || config === null
      ? null
      : await thresholdsOf(evaluations, evaluation, config, project.classes.all())
  const kept = (about?.thresholds ?? []).map((score): Omit<CardThreshold, 'name'> => ({ score, at: null }))
  const thresholds = measured?.thresholds ?? kept
  const classes = config?.classes ?? null
  return {
    card: modelCard({
      title: [path.basename(path.dirname(project.path)), run?.note.name ?? path.basename(model)].join(', '),
      ...{ version, config, licence: licence.trim(), chosenOn: measured?.chosenOn ?? null },
      run: run ? await runFacts(run, model) : null,
      thresholds: thresholds.map((one, k) => ({ ...one, name: classes![k]!.name })),
    }),
    classes,
    thresholds: thresholds.map(({ score }, k) => ({ classId: classes![k]!.id, score })),
  }
}

/** Null before the engine has begun. */
async function runFacts({ folder, note }: StoredRun, model: string): Promise<RunFacts | null> {
  const record = readRecord(folder)
  const snapshot = readSnapshot(folder)
  if (!record || !snapshot) return null
  const { data, validation } = snapshot
  const file = await readFile(path.join(folder, RUN_FILES.data))
  const all = readEvaluations(folder)
  const step = path.basename(model) === RUN_FILES.best ? bestOf(all)?.step : all.at(-1)?.step
  return {
    ...{ name: note.name, from: note.from, record },
    data: { training: countData(data), validation: validation && countData(validation) },
    snapshot: createHash('sha256').update(file).digest('hex'),
    evaluation: all.find((one) => one.step === step) ?? null,
  }
}

/** In the order of the model's classes: what the user saved with the evaluation, else the best F1. Throws USAGE_EVALUATION. */
async function thresholdsOf(
  evaluations: Evaluations,
  id: string,
  { classes }: ModelConfig,
  ofProject: ReturnType<Project['classes']['all']>,
): Promise<{ thresholds: Omit<CardThreshold, 'name'>[]; chosenOn: string }> {
  const entry = (await evaluations.list()).find((one) => one.id === id)
  if (!entry)
    throw new CodedError('USAGE_EVALUATION', 'There is no such evaluation', 'It may have been deleted')
  const of = { evaluation: id, ranking: 'score' } as const
  const best = new Map(
    (await evaluations.call('evaluation.thresholds', of)).flatMap((one) =>
      one.best ? [[one.classId, one.best] as const] : [],
    ),
  )
  const saved = new Map(
    (await evaluations.call('evaluation.figuresAt', { ...of, thresholds: [...entry.thresholds] })).map(
      (figures) => [figures.classId, figures],
    ),
  )
  const thresholds = matchClasses(classes, ofProject).map((classId): Omit<CardThreshold, 'name'> => {
    const at = classId === null ? undefined : (saved.get(classId) ?? best.get(classId))
    // Without a better threshold, the lowest score that the metrics consider.
    return at ? { score: at.score, at } : { score: EVALUATION_SCORE, at: null }
  })
  return {
    thresholds,
    chosenOn: `${countOf(entry.images, 'image')} (${entry.title}, ${entry.at.slice(0, 10)})`,
  }
}
