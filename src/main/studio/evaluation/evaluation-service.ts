/** What the evaluator's process does: evaluations are made and read there, so that nobody waits meanwhile. */
import { join } from 'node:path'
import type { EvaluationEntry, OracleResult } from '../../../core/contract/studio/evaluation.ts'
import type { ParsedParams, Result } from '../../../core/contract/studio.ts'
import type { JobContext } from '../jobs.ts'
import { openProject, type Project } from '../project/index.ts'
import { errorReport } from './analysis/errors.ts'
import { confusionOf, findingsPage } from './analysis/findings.ts'
import { curvesOf, metricsOf } from './analysis/numbers.ts'
import { pointsOf, scoresOf } from './analysis/scores.ts'
import { figuresAt, thresholdsOf } from './analysis/thresholds.ts'
import { changedImages, freezeLabels, labelledImages } from './frozen.ts'
import { type Analysis, LoadedEvaluation } from './loaded-evaluation.ts'
import type { CachedModel } from './model-detections.ts'
import { oracleOf } from './oracle.ts'
import { type Preparation, prepare } from './prepare.ts'
import { evaluationsFolder, readEntry, readFrozen, writeOracle } from './storage.ts'

/** Methods of the contract that are answered from the analysis of one ranking alone. */
const ANALYSES: { readonly [Name in AnalysisMethod]: Analyse<Name> } = {
  'evaluation.curves': curvesOf,
  'evaluation.confusion': (analysis, { score, iou }) => {
    const { categoryIds, counts } = confusionOf(analysis, score, iou)
    return { classIds: categoryIds, counts }
  },
  'evaluation.errors': errorReport,
  'evaluation.findings': (analysis, { evaluation: _, ranking: __, iouType: ___, ...options }) =>
    findingsPage(analysis, options),
  'evaluation.scores': scoresOf,
  'evaluation.thresholds': thresholdsOf,
  'evaluation.figuresAt': (analysis, { thresholds }) => figuresAt(analysis, thresholds),
}
type AnalysisMethod =
  `evaluation.${'curves' | 'confusion' | 'errors' | 'findings' | 'scores' | 'thresholds' | 'figuresAt'}`
type Analyse<Name extends AnalysisMethod> = (analysis: Analysis, params: ParsedParams<Name>) => Result<Name>

/** Methods of the contract that this process answers. */
export const READING_METHODS = ['evaluation.summary', ...(Object.keys(ANALYSES) as AnalysisMethod[])] as const
export type ReadingMethod = (typeof READING_METHODS)[number]

/** Two are compared at a time, and one is begun. */
const KEPT_LOADED = 3

export class EvaluationService {
  readonly #projectFile: string
  /** Latest last. */
  readonly #loaded = new Map<string, LoadedEvaluation>()

  constructor(projectFile: string) {
    this.#projectFile = projectFile
  }

  prepare(preparation: Preparation, control: JobContext): Promise<EvaluationEntry> {
    return this.#withProject(async (project) => {
      const { entry, loaded } = await prepare(project, preparation, control)
      this.#keep(entry.id, loaded)
      return entry
    })
  }

  /** Throws USAGE_EVALUATION, USAGE_RANKING. */
  async read<Name extends ReadingMethod>(name: Name, params: ParsedParams<Name>): Promise<Result<Name>> {
    if (name === 'evaluation.summary') return (await this.#summary(params)) as Result<Name>
    const analyse = ANALYSES[name as AnalysisMethod] as (...of: unknown[]) => Result<Name>
    return analyse(await this.#analysis(params), params)
  }

  /** Ids of an evaluation's images. */
  async images({ evaluation }: { readonly evaluation: string }): Promise<number[]> {
    return (await this.#load(evaluation)).truth.images.map(({ id }) => id)
  }

  async oracle(
    { evaluation, model }: { readonly evaluation: string; readonly model: CachedModel },
    control: JobContext,
  ): Promise<OracleResult> {
    const result = await oracleOf((await this.#load(evaluation)).truth, model, control)
    await writeOracle(this.#folder(evaluation), result)
    return result
  }

  /** Bytes as evaluation-points.ts lays them out. */
  async points(params: ParsedParams<'evaluation.scores'>): Promise<Uint8Array> {
    return pointsOf(await this.#analysis(params), params)
  }

  async #summary({ evaluation, ranking, iouType }: ParsedParams<'evaluation.summary'>) {
    const loaded = await this.#load(evaluation)
    const { query, iouTypes } = await readEntry(this.#folder(evaluation))
    const { images } = loaded.truth
    const { now, removedImages } = await this.#withProject(async (project) => ({
      now: freezeLabels(project, labelledImages(project, query), iouTypes.includes('segm')),
      removedImages: images.length - project.images.list(images.map(({ id }) => id)).length,
    }))
    return {
      ...metricsOf(loaded.of(ranking, iouType)),
      ...{ changedImages: changedImages(loaded.truth, now.truth), removedImages },
    }
  }

  async #analysis({ evaluation, ranking, iouType }: ParsedParams<'evaluation.errors'>): Promise<Analysis> {
    return (await this.#load(evaluation)).of(ranking, iouType)
  }

  async #load(id: string): Promise<LoadedEvaluation> {
    const folder = this.#folder(id)
    const entry = await readEntry(folder)
    let loaded = this.#loaded.get(id)
    if (loaded === undefined) {
      const { truth, detections } = await readFrozen(folder, entry)
      loaded = new LoadedEvaluation(truth, detections, entry.iouTypes)
    }
    this.#keep(id, loaded)
    return loaded
  }

  #keep(id: string, loaded: LoadedEvaluation): void {
    this.#loaded.delete(id)
    this.#loaded.set(id, loaded)
    if (this.#loaded.size > KEPT_LOADED) this.#loaded.delete(this.#loaded.keys().next().value!)
  }

  #folder(id: string): string {
    return join(evaluationsFolder(this.#projectFile), id)
  }

  /** A connection of its own that only reads: the studio goes on undisturbed. */
  async #withProject<T>(work: (project: Project) => Promise<T>): Promise<T> {
    const project = await openProject(this.#projectFile, { readOnly: true })
    try {
      return await work(project)
    } finally {
      project.close()
    }
  }
}

/** What the process is asked for, by name: the methods above, and those of the contract. */
type ServiceMethods = Omit<EvaluationService, 'read'> & {
  readonly [Name in ReadingMethod]: (params: ParsedParams<Name>) => Promise<Result<Name>>
}
export type ServiceMethod = keyof ServiceMethods
export type ServiceParams<Name extends ServiceMethod> = Parameters<ServiceMethods[Name]>[0]
export type ServiceResult<Name extends ServiceMethod> = Awaited<ReturnType<ServiceMethods[Name]>>

export function answer<Name extends ServiceMethod>(
  service: EvaluationService,
  name: Name,
  params: ServiceParams<Name>,
  control: JobContext,
): Promise<ServiceResult<Name>> {
  const isReading = (READING_METHODS as readonly ServiceMethod[]).includes(name)
  const result = isReading
    ? service.read(name as ReadingMethod, params as never)
    : service[name as Exclude<ServiceMethod, ReadingMethod>](params as never, control)
  return result as Promise<ServiceResult<Name>>
}
