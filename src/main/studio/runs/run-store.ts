/**
 * The runs of a project: folders in `runs/` beside its file. Of a project that can only be read, new ones lie among the
 * user's own data; those beside it are seen all the same.
 *
 *   const store = new RunStore(project, dataFolder)
 *   store.list()                     newest first
 *   store.get(id).summary.checkpoint the model of a run, with its classes, size and architecture beside
 */
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { RunId, type RunSummary } from '../../../core/contract/studio/runs.ts'
import { CodedError } from '../../../core/errors.ts'
import { PROJECT_FILE, type Project } from '../project/index.ts'
import { type RunNote, readNote, runError, writeNote } from './run-note.ts'
import { summarise } from './summary.ts'

export interface StoredRun {
  readonly id: RunId
  readonly folder: string
  readonly note: RunNote
  /** Whether it can be renamed, gone on with and deleted from here. */
  readonly writable: boolean
  readonly summary: RunSummary
}

export class RunStore {
  readonly #beside: string
  readonly #own: string
  readonly #readOnly: boolean

  /** @param dataFolder the user's. */
  constructor({ path: file, readOnly }: Pick<Project, 'path' | 'readOnly'>, dataFolder: string) {
    this.#beside = path.join(path.dirname(file), 'runs')
    this.#own = path.join(dataFolder, 'runs', createHash('sha256').update(file).digest('hex').slice(0, 16))
    this.#readOnly = readOnly !== undefined
  }

  /** Where new runs lie. */
  get folder(): string {
    return this.#readOnly ? this.#own : this.#beside
  }

  /** Newest first. */
  list(): StoredRun[] {
    const ids = [this.#beside, this.#own].flatMap((root) => (existsSync(root) ? readdirSync(root) : []))
    return ids
      .toSorted()
      .toReversed()
      .flatMap((id) => this.find(id) ?? [])
  }

  find(id: string): StoredRun | undefined {
    if (!RunId.safeParse(id).success) return undefined
    for (const root of [this.#beside, this.#own]) {
      const folder = path.join(root, id)
      const note = isFolder(folder) ? readNote(folder) : undefined
      if (!note) continue
      const writable = root === this.#own || !this.#readOnly
      return { id, folder, note, writable, summary: summarise(id, folder, note) }
    }
    return undefined
  }

  /** Throws USAGE_RUN. */
  get(id: string): StoredRun {
    const run = this.find(id)
    if (run) return run
    throw new CodedError('USAGE_RUN', `There is no run ${id.slice(0, 40)}`, 'It may have been deleted')
  }

  /** Throws IO_RUN. */
  create(describe: (created: string) => RunNote): StoredRun {
    const root = this.folder
    for (let at = Date.now(); ; at++) {
      const created = new Date(at).toISOString()
      const id = runIdOf(created)
      const folder = path.join(root, id)
      if ([this.#beside, this.#own].some((place) => existsSync(path.join(place, id)))) continue
      try {
        mkdirSync(root, { recursive: true })
        mkdirSync(folder)
      } catch (error) {
        // Another program was quicker.
        if ((error as NodeJS.ErrnoException).code === 'EEXIST' && existsSync(folder)) continue
        throw runError(folder, error)
      }
      writeNote(folder, describe(created))
      return this.get(id)
    }
  }

  /** Throws USAGE_RUN, IO_PROJECT_READ_ONLY, IO_RUN. */
  update(id: string, change: Partial<RunNote>): StoredRun {
    const { folder, note } = this.writable(id)
    writeNote(folder, { ...note, ...change })
    return this.get(id)
  }

  /** Throws USAGE_RUN, IO_PROJECT_READ_ONLY, IO_RUN. */
  async delete(id: string): Promise<void> {
    const { folder } = this.writable(id)
    await rm(folder, { recursive: true }).catch((error) => {
      throw runError(folder, error)
    })
  }

  /** Throws USAGE_RUN, IO_PROJECT_READ_ONLY. */
  writable(id: string): StoredRun {
    const run = this.get(id)
    if (run.writable) return run
    throw new CodedError(
      'IO_PROJECT_READ_ONLY',
      `${run.note.name} belongs to a project that is read-only here`,
      'Open the project where it is writable',
    )
  }
}

/** A link to one is none: what lies behind it is not ours to delete. */
function isFolder(folder: string): boolean {
  return lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** "2026-11-22T18:44:49.103Z" → "20261122-184449-103" */
export const runIdOf = (created: string): RunId =>
  created.replaceAll(/[-:Z]/g, '').replace('T', '-').replace('.', '-')

/** The place of a run that was trained elsewhere: among the runs of a project, or a folder by itself. */
export interface NewRun {
  readonly out: string
  /** Makes the folder one of the project's runs, once its files are complete. */
  settle(run: { readonly complete: boolean; readonly notes: readonly string[] }): void
}

/** @param into a project's folder or file, or the folder for the run itself */
export function newRunFolder(into: string, name: string): NewRun {
  const folder = path.basename(into) === PROJECT_FILE ? path.dirname(into) : into
  if (!existsSync(path.join(folder, PROJECT_FILE))) return { out: into, settle: () => {} }
  for (let at = Date.now(); ; at++) {
    const created = new Date(at).toISOString()
    const out = path.join(folder, 'runs', runIdOf(created))
    if (statSync(out, { throwIfNoEntry: false })) continue
    return {
      out,
      settle({ complete, notes }) {
        mkdirSync(out, { recursive: true })
        writeNote(out, {
          ...{ format: 'fcos-studio-run-note', version: 1, name, created },
          ...{ state: complete ? 'done' : 'stopped', error: null, from: 'a job', overfit: null },
          ...{ pinned: { images: [], every: 50 }, notes: [...notes] },
        })
      },
    }
  }
}
