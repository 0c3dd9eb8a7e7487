/** Evaluations of the open project. */
import { join } from 'node:path'
import type {
  ClassThreshold,
  EvaluationEntry,
  OracleResult,
} from '../../../core/contract/studio/evaluation.ts'
import type { EnginePlace } from '../engine/place.ts'
import type { JobContext } from '../jobs.ts'
import type { ServiceMethod, ServiceParams, ServiceResult } from './evaluation-service.ts'
import { Evaluator } from './evaluator.ts'
import {
  evaluationsFolder,
  listEvaluations,
  readEntry,
  readOracle,
  removeEvaluation,
  writeEntry,
} from './storage.ts'

export class Evaluations {
  readonly #folder: string
  readonly #evaluator: Evaluator
  readonly #place: EnginePlace
  readonly #projectFile: string
  readonly #busy = new Set<Evaluator>()

  constructor(place: EnginePlace, projectFile: string) {
    this.#place = place
    this.#projectFile = projectFile
    this.#folder = evaluationsFolder(projectFile)
    this.#evaluator = new Evaluator(place, projectFile)
  }

  /** Newest first. */
  list(): Promise<EvaluationEntry[]> {
    return listEvaluations(this.#folder)
  }

  call<Name extends ServiceMethod>(
    name: Name,
    params: ServiceParams<Name>,
    control?: JobContext,
  ): Promise<ServiceResult<Name>> {
    return this.#evaluator.call(name, params, control)
  }

  /** Throws USAGE_EVALUATION. */
  entry(id: string): Promise<EvaluationEntry> {
    return readEntry(join(this.#folder, id))
  }

  /** Runs in a process of its own, because it takes minutes, during which the other process answers questions. */
  async oracle(params: ServiceParams<'oracle'>, control: JobContext): Promise<OracleResult> {
    const evaluator = new Evaluator(this.#place, this.#projectFile)
    this.#busy.add(evaluator)
    try {
      return await evaluator.call('oracle', params, control)
    } finally {
      this.#busy.delete(evaluator)
      evaluator.close()
    }
  }

  oracleResult(id: string): Promise<OracleResult | null> {
    return readOracle(join(this.#folder, id))
  }

  remove(id: string): Promise<void> {
    return removeEvaluation(join(this.#folder, id))
  }

  /** Throws USAGE_EVALUATION, IO_EVALUATION, IO_DISK_FULL. */
  async saveThresholds(id: string, thresholds: readonly ClassThreshold[]): Promise<EvaluationEntry> {
    const folder = join(this.#folder, id)
    const entry = { ...(await readEntry(folder)), thresholds }
    await writeEntry(folder, entry)
    return entry
  }

  close(): void {
    this.#evaluator.close()
    for (const evaluator of this.#busy) evaluator.close()
  }
}
