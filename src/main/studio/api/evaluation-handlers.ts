import { basename } from 'node:path'
import type { EVALUATION_METHODS } from '../../../core/contract/studio/evaluation.ts'
import { READING_METHODS, type ReadingMethod } from '../evaluation/evaluation-service.ts'
import { evaluateSource, lookAhead } from '../evaluation/jobs.ts'
import type { Handlers } from './handlers.ts'
import type { StudioHost } from './host.ts'

/** Those that the evaluator's process answers. */
const reading = Object.fromEntries(
  READING_METHODS.map((name) => [
    name,
    ({ evaluations }: StudioHost, params: never) => evaluations.call(name, params),
  ]),
) as unknown as Pick<Handlers, ReadingMethod>

export const evaluationHandlers: Handlers<keyof typeof EVALUATION_METHODS> = {
  'evaluation.list': (host) => host.evaluations.list(),
  'evaluation.start': (host, params) => {
    const { evaluations, models, project } = host
    const known = models.list().find(({ path }) => path === params.source.path)
    const title = `Evaluate ${known?.title ?? basename(params.source.path)}`
    return host.jobs.start({ kind: 'evaluation.start', title }, (control) =>
      evaluateSource({ evaluations, models, project }, params, control),
    )
  },
  'evaluation.oracle': (host, { evaluation }) => {
    const { evaluations, models, project } = host
    return host.jobs.start(
      { kind: 'evaluation.oracle', title: 'What perfect outputs would give' },
      (control) => lookAhead({ evaluations, models, project }, evaluation, control),
    )
  },
  'evaluation.oracleResult': ({ evaluations }, { evaluation }) => evaluations.oracleResult(evaluation),
  'evaluation.remove': async ({ evaluations }, { evaluation }) => {
    await evaluations.remove(evaluation)
    return null
  },
  'evaluation.saveThresholds': ({ evaluations }, { evaluation, thresholds }) =>
    evaluations.saveThresholds(evaluation, thresholds),
  ...reading,
}
