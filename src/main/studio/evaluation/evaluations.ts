/** Evaluations of the open project. */
import { join } from 'node:path'
import type { ClassThreshold, EvaluationEntry } from '../../../core/contract/studio/evaluation.ts'
import type { EnginePlace } from '../engine/place.ts'
import type { Answer, Ask, Asked, Watch } from './analyst.ts'
import { Evaluator } from './evaluator.ts'
import { evaluationsFolder, listEvaluations, readEntry, removeEvaluation, writeEntry } from './storage.ts'

export class Evaluations {
  readonly #folder: string
  readonly #evaluator: Evaluator

  constructor(place: EnginePlace, projectFile: string) {
    this.#folder = evaluationsFolder(projectFile)
    this.#evaluator = new Evaluator(place, projectFile)
  }

  /** Newest first. */
  list(): Promise<EvaluationEntry[]> {
    return listEvaluations(this.#folder)
  }

  ask<Name extends Ask>(name: Name, params: Asked<Name>, watch?: Watch): Promise<Answer<Name>> {
    return this.#evaluator.ask(name, params, watch)
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
  }
}
