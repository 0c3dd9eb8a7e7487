/**
 * Offers labels that lie in the project's folder: looks for them when the project is opened, after every scan, and when
 * the user comes back to the window, since they may have been put there meanwhile.
 */
import type { FoundLabels, ImportResult } from '../../core/contract/studio/project.ts'
import type { Caller, MethodName, Params, Result } from '../../core/contract/studio.ts'
import { describeProblem } from '../../core/formats/problems.ts'
import { countOf } from '../ui/numbers.ts'
import type { Context } from './controller-context.ts'
import { errorWords } from './error-words.ts'

export type LabelSource = Pick<FoundLabels, 'format' | 'path'>

/** The folder is not walked through more often than this, however often the user goes and comes. */
const LOOK_AGAIN_MS = 5000

interface Studio extends Context {
  readonly jobs: { result<T>(job: { readonly job: number }): Promise<T | undefined> }
  change<Name extends MethodName>(
    method: Name,
    params: Params<Name>,
  ): Promise<{ readonly result: Result<Name>; readonly by: Caller } | undefined>
  showStep(text: string, by: Caller): void
}

export class LabelOffer {
  readonly #studio: Studio
  /** Neither imported nor declined. */
  found = $state.raw<readonly FoundLabels[]>([])
  /** What importing the only data set would add; null until it has been counted. */
  counted = $state.raw<ImportResult | null>(null)
  /** Why the only data set cannot be imported. */
  refusal = $state<string | null>(null)
  importing = $state(false)
  /** The data set, if there is one only. */
  readonly only = $derived(this.found.length === 1 ? this.found[0]! : null)
  readonly importable = $derived(this.found.filter(({ obstacle }) => obstacle === null))
  /** Null: nothing to offer. A data set that the project holds already is not offered. */
  readonly shown = $derived.by(() => {
    if (this.found.length === 0 || !this.#studio.canEdit) return null
    const { counted } = this
    const adds = counted === null || counted.boxes > counted.knownBoxes || counted.absent > 0
    return this.only === null || adds ? this.found : null
  })
  #lookedAt = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(studio: Studio) {
    this.#studio = studio
    studio.client.on('job', ({ kind, state }) => {
      if (kind === 'project.scan' && state !== 'running') void this.look()
    })
  }

  /** The user has come back to the window. */
  returned(): void {
    const wait = this.#lookedAt + LOOK_AGAIN_MS - Date.now()
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.look(), Math.max(0, wait))
  }

  async look(): Promise<void> {
    const { client, project, canEdit } = this.#studio
    if (project === null || !canEdit || this.importing) return
    this.#lookedAt = Date.now()
    // Nobody has asked for this, so a folder that cannot be looked into is no reason for a message.
    const found = await client.call('project.findLabels', {}).catch(() => [])
    if (`${found.map(fingerprintOf)}` === `${this.found.map(fingerprintOf)}`) return
    this.found = found
    this.counted = null
    this.refusal = null
    if (this.only?.obstacle === null) await this.#count(this.only)
  }

  /** Imports the only data set. */
  async take(): Promise<void> {
    const { only } = this
    if (only === null) return
    this.importing = true
    try {
      const done = await this.#import(only, false)
      if (!done) return
      const { result, by } = done
      this.#studio.showStep(importedWords(result), by)
      this.found = []
    } catch (error) {
      this.#studio.messages.showError(error)
    } finally {
      this.importing = false
    }
  }

  /** Does not offer what is found again, as long as it stays as it is. */
  async decline(): Promise<void> {
    const fingerprints = this.found.map(fingerprintOf)
    this.found = []
    await this.#studio.attempt(this.#studio.client.call('project.declineLabels', { fingerprints }))
  }

  async #count(source: FoundLabels): Promise<void> {
    try {
      const counted = await this.#import(source, true)
      if (this.only === source) this.counted = counted?.result ?? null
    } catch (error) {
      if (this.only === source) this.refusal = errorWords(error)
    }
  }

  async #import({ path, format }: LabelSource, dryRun: boolean) {
    const started = await this.#studio.change('project.import', { path, from: format, dryRun })
    const result = started && (await this.#studio.jobs.result<ImportResult>(started.result))
    return result && { result, by: started.by }
  }
}

const fingerprintOf = ({ fingerprint }: FoundLabels): string => fingerprint

export function importedWords({ boxes, knownBoxes, images, problems }: ImportResult): string {
  const done = `Imported ${countOf(boxes - knownBoxes, 'object')} in ${countOf(images, 'image')}`
  if (problems.length === 0) return done
  return `${done}. ${countOf(problems.length, 'problem')}, the first: ${describeProblem(problems[0]!)}`
}
