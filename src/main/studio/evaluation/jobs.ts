/** The two long jobs of evaluation. To evaluate a model, the engine first fills the cache with candidates. */

import type { EvaluationEntry, OracleResult } from '../../../core/contract/studio/evaluation.ts'
import type { CurrentModel } from '../../../core/contract/studio/models.ts'
import type { ParsedParams } from '../../../core/contract/studio.ts'
import { CodedError } from '../../../core/errors.ts'
import type { JobContext } from '../jobs.ts'
import { findCandidates } from '../models/find-candidates.ts'
import type { Models } from '../models/models.ts'
import type { Project } from '../project/index.ts'
import type { Evaluations } from './evaluations.ts'
import { labelledImages } from './frozen.ts'
import type { CachedModel } from './model-detections.ts'

interface Context {
  readonly evaluations: Evaluations
  readonly models: Models
  readonly project: Project
}

/** Share of the progress that detection takes. */
const DETECTING = 0.9

/** Errors: those of evaluation.start. */
export async function evaluateSource(
  context: Context,
  { source, query }: ParsedParams<'evaluation.start'>,
  control: JobContext,
): Promise<EvaluationEntry> {
  const { evaluations, models, project } = context
  if (source.kind === 'file') return evaluations.call('prepare', { source, query, model: null }, control)
  const checkpoint = await models.at(source.path)
  const images = labelledImages(project, query)
  const model = await detect(context, checkpoint, images, {
    ...control,
    report: (progress, detail) => control.report(progress && progress * DETECTING, detail),
  })
  return evaluations.call(
    'prepare',
    { source, query, model },
    {
      ...control,
      report: (progress, detail) => control.report(DETECTING + (progress ?? 0) * (1 - DETECTING), detail),
    },
  )
}

/** Computes the waterfall of oracles. Errors: those of evaluation.oracle. */
export async function lookAhead(
  context: Context,
  evaluation: string,
  control: JobContext,
): Promise<OracleResult> {
  const { evaluations, models } = context
  const { source, modelKey } = await evaluations.entry(evaluation)
  if (source.kind === 'file') {
    throw new CodedError(
      'USAGE_NO_CANDIDATES',
      'A results file does not contain the candidates of the detector',
    )
  }
  const checkpoint = await models.at(source.path)
  if (checkpoint.key !== modelKey) {
    throw new CodedError('USAGE_MODEL_CHANGED', 'The checkpoint has changed since then', 'Evaluate it again')
  }
  const model = await detect(context, checkpoint, await evaluations.call('images', { evaluation }), control)
  return evaluations.oracle({ evaluation, model }, control)
}

async function detect(
  { models, project }: Context,
  checkpoint: CurrentModel,
  images: readonly number[],
  control: JobContext,
): Promise<CachedModel> {
  const { targets, skipped } = await findCandidates(models, checkpoint, project, images, control)
  return {
    title: checkpoint.title,
    key: checkpoint.key,
    cacheFolder: models.cache.folder,
    images: targets.map(({ id, key }) => ({ id, key })),
    unread: skipped.length,
  }
}
