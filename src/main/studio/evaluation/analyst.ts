/** What the evaluator's process is asked for: evaluations are begun and read there, so that nobody waits meanwhile. */
import { join } from 'node:path'
import type { EvaluationEntry, OracleResult } from '../../../core/contract/studio/evaluation.ts'
import type { ParsedParams, Result } from '../../../core/contract/studio.ts'
import { openProject, type Project } from '../project/index.ts'
import { changedImages, freezeLabels, labelledImages } from './frozen.ts'
import type { CachedModel } from './model-detections.ts'
import { Opened } from './opened.ts'
import { oracleOf } from './oracle.ts'
import { errorReport } from './parts/errors.ts'
import { confusionOf, findingsPage } from './parts/findings.ts'
import { curvesOf, metricsOf } from './parts/numbers.ts'
import { pointsOf, scoresOf } from './parts/scores.ts'
import { thresholdsOf } from './parts/thresholds.ts'
import { type Preparation, prepare } from './prepare.ts'
import { evaluationsFolder, readEntry, readFrozen, writeOracle } from './storage.ts'
import type { Watch } from './watch.ts'

/** Methods of the contract that are answered from an open evaluation alone. */
export const PARTS = [
  'evaluation.summary',
  'evaluation.curves',
  'evaluation.confusion',
  'evaluation.errors',
  'evaluation.findings',
  'evaluation.scores',
  'evaluation.thresholds',
] as const
export type Part = (typeof PARTS)[number]

type Asks = { readonly [Name in Part]: (params: ParsedParams<Name>) => Promise<Result<Name>> }

/** Two are compared at a time, and one is begun. */
const KEPT_OPEN = 3

export class Analyst implements Asks {
  readonly #projectFile: string
  /** Latest last. */
  readonly #open = new Map<string, Opened>()

  constructor(projectFile: string) {
    this.#projectFile = projectFile
  }

  prepare(preparation: Preparation, watch: Watch): Promise<EvaluationEntry> {
    return this.#withProject(async (project) => {
      const { entry, opened } = await prepare(project, preparation, watch)
      this.#keep(entry.id, opened)
      return entry
    })
  }

  async 'evaluation.summary'({ evaluation, ranking }: ParsedParams<'evaluation.summary'>) {
    const opened = await this.#opened(evaluation)
    const { query } = await readEntry(this.#folder(evaluation))
    const now = await this.#withProject(async (project) =>
      freezeLabels(project, labelledImages(project, query)),
    )
    return { ...metricsOf(opened.of(ranking)), changedImages: changedImages(opened.truth, now) }
  }

  async 'evaluation.curves'(params: ParsedParams<'evaluation.curves'>) {
    return curvesOf(await this.#analysis(params), params)
  }

  async 'evaluation.confusion'(params: ParsedParams<'evaluation.confusion'>) {
    const { categoryIds, counts } = confusionOf(await this.#analysis(params), params.score, params.iou)
    return { classIds: categoryIds, counts }
  }

  async 'evaluation.errors'(params: ParsedParams<'evaluation.errors'>) {
    return errorReport(await this.#analysis(params))
  }

  async 'evaluation.findings'({ evaluation, ranking, ...options }: ParsedParams<'evaluation.findings'>) {
    return findingsPage(await this.#analysis({ evaluation, ranking }), options)
  }

  async 'evaluation.scores'(params: ParsedParams<'evaluation.scores'>) {
    return scoresOf(await this.#analysis(params), params)
  }

  async 'evaluation.thresholds'(params: ParsedParams<'evaluation.thresholds'>) {
    return thresholdsOf(await this.#analysis(params))
  }

  /** Ids of an evaluation's images. */
  async images({ evaluation }: { readonly evaluation: string }): Promise<number[]> {
    return (await this.#opened(evaluation)).truth.images.map(({ id }) => id)
  }

  async oracle(
    { evaluation, model }: { readonly evaluation: string; readonly model: CachedModel },
    watch: Watch,
  ): Promise<OracleResult> {
    const result = await oracleOf((await this.#opened(evaluation)).truth, model, watch)
    await writeOracle(this.#folder(evaluation), result)
    return result
  }

  /** Bytes as evaluation-points.ts lays them out. */
  async points(params: ParsedParams<'evaluation.scores'>): Promise<Uint8Array> {
    return pointsOf(await this.#analysis(params), params)
  }

  async #analysis({ evaluation, ranking }: ParsedParams<'evaluation.errors'>) {
    return (await this.#opened(evaluation)).of(ranking)
  }

  async #opened(id: string): Promise<Opened> {
    const folder = this.#folder(id)
    const entry = await readEntry(folder)
    let opened = this.#open.get(id)
    if (opened === undefined) {
      const { truth, detections } = await readFrozen(folder, entry)
      opened = new Opened(truth, detections)
    }
    this.#keep(id, opened)
    return opened
  }

  #keep(id: string, opened: Opened): void {
    this.#open.delete(id)
    this.#open.set(id, opened)
    if (this.#open.size > KEPT_OPEN) this.#open.delete(this.#open.keys().next().value!)
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

/** By the name of what is asked for. */
export type Ask = Part | 'prepare' | 'points' | 'images' | 'oracle'
export type Asked<Name extends Ask> = Parameters<Analyst[Name]>[0]
export type Answer<Name extends Ask> = Awaited<ReturnType<Analyst[Name]>>
