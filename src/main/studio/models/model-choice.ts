/** Lists the available models and stores which one is in use for each project. */
import { existsSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { z } from 'zod'
import type { CurrentModel, ModelEntry } from '../../../core/contract/studio/models.ts'
import { detectors } from '../../../core/detectors/detectors.ts'
import { requireWeightsFile } from '../../files/weights-file.ts'
import { keyOf } from '../../images/image-file.ts'
import { readModels, requireIntactWeights, weightsPath } from '../../setup/weights.ts'
import type { Settings } from '../settings.ts'

/** Files that the user chose, latest first. */
const FILES = 'models.files'
/** Path of the checkpoint in use, by the project's file. */
const USED = 'models.used'
const MOST_FILES = 12

const Files = z.array(z.string())
const Used = z.record(z.string(), z.string())

/** What was in use before the studio itself put another in its place, by the project's file; null: none was. */
const REPLACED = 'models.replaced'
const Replaced = z.record(z.string(), z.string().nullable())

/** Published weights of whole detectors; the others are backbones only. */
const isDetector = (name: string): boolean =>
  detectors().some(({ pretrained }) => Object.values(pretrained).some((names) => names?.includes(name)))

export class ModelChoice {
  readonly #settings: Settings
  readonly #ofRuns: () => ModelEntry[]

  /** @param ofRuns checkpoints of the open project's runs, newest first */
  constructor(settings: Settings, ofRuns: () => ModelEntry[]) {
    this.#settings = settings
    this.#ofRuns = ofRuns
  }

  list(): ModelEntry[] {
    const pretrained = readModels().filter(({ name }) => isDetector(name))
    const known: ModelEntry[] = [
      ...this.#ofRuns(),
      ...pretrained.map((model) => ({
        path: weightsPath(model),
        title: model.about,
        origin: 'pretrained' as const,
      })),
    ]
    const listed = new Set(known.map(({ path }) => path))
    const files = this.#files().filter((path) => !listed.has(path))
    return [
      ...known,
      ...files.map((path) => ({ path, title: titleOf(path), origin: 'file' as const })),
    ].filter(({ path }) => existsSync(path))
  }

  /** @param project its file */
  async current(project: string): Promise<CurrentModel | null> {
    const path = usedModels(this.#settings)[project]
    if (path === undefined) return null
    const list = this.list()
    // Since somebody chose the run, it may have got another checkpoint: with the first evaluation the best takes the last one's place.
    const entry =
      list.find((model) => model.path === path) ??
      list.find((model) => model.origin === 'run' && dirname(model.path) === dirname(path))
    if (!entry) return null
    const before = this.#replaced()[project]
    const replaced = list.find((model) => model.path === before)
    return { ...entry, ...(replaced && { replaced }), key: await keyOf(entry.path) }
  }

  /** Any checkpoint, in use or not. Throws WEIGHTS_NOT_FOUND, WEIGHTS_DAMAGED. */
  async at(path: string): Promise<CurrentModel> {
    requireWeightsFile(path)
    await requireIntactWeights(path)
    const listed = this.list().find((model) => model.path === path)
    return { ...(listed ?? { path, title: titleOf(path), origin: 'file' }), key: await keyOf(path) }
  }

  /** Null clears the choice; what was replaced before is forgotten. Throws WEIGHTS_NOT_FOUND. */
  use(project: string, path: string | null): void {
    if (path !== null) requireWeightsFile(path)
    const { [project]: _, ...others } = this.#replaced()
    this.#settings.set(REPLACED, others)
    rememberUse(this.#settings, project, path)
    if (path === null || this.list().some((model) => model.path === path)) return
    this.#settings.set(FILES, [path, ...this.#files()].slice(0, MOST_FILES))
  }

  /** As use, but what was in use is remembered. Throws WEIGHTS_NOT_FOUND. */
  putInUse(project: string, path: string): void {
    const before = usedModels(this.#settings)[project] ?? null
    if (before === path) return
    this.use(project, path)
    this.#settings.set(REPLACED, { ...this.#replaced(), [project]: before })
  }

  /**
   * What was in use before the studio itself put `path` in use; null: none was. Undefined where that is not known, or
   * something else is in use by now.
   */
  before(project: string, path: string): string | null | undefined {
    return usedModels(this.#settings)[project] === path ? this.#replaced()[project] : undefined
  }

  #replaced(): Record<string, string | null> {
    return Replaced.safeParse(this.#settings.get(REPLACED)).data ?? {}
  }

  #files(): string[] {
    return Files.safeParse(this.#settings.get(FILES)).data ?? []
  }
}

/** For a project, given as its file, that is not open yet. Null clears the choice. */
export function rememberUse(settings: Settings, project: string, path: string | null): void {
  const { [project]: _, ...others } = usedModels(settings)
  settings.set(USED, path === null ? others : { ...others, [project]: path })
}

const usedModels = (settings: Settings): Record<string, string> =>
  Used.safeParse(settings.get(USED)).data ?? {}

/** Includes the folder, because the checkpoints of all runs have the same name. */
const titleOf = (path: string): string => `${basename(dirname(path))}/${basename(path)}`
