import { basename } from 'node:path'
import type { EVALUATION_METHODS } from '../../../core/contract/studio/evaluation.ts'
import { evaluateSource, lookAhead } from '../evaluation/jobs.ts'
import type { Handlers } from './handlers.ts'

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
  'evaluation.summary': ({ evaluations }, params) => evaluations.ask('evaluation.summary', params),
  'evaluation.curves': ({ evaluations }, params) => evaluations.ask('evaluation.curves', params),
  'evaluation.confusion': ({ evaluations }, params) => evaluations.ask('evaluation.confusion', params),
  'evaluation.errors': ({ evaluations }, params) => evaluations.ask('evaluation.errors', params),
  'evaluation.findings': ({ evaluations }, params) => evaluations.ask('evaluation.findings', params),
  'evaluation.scores': ({ evaluations }, params) => evaluations.ask('evaluation.scores', params),
  'evaluation.thresholds': ({ evaluations }, params) => evaluations.ask('evaluation.thresholds', params),
}
