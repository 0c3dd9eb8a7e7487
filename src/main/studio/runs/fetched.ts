/** Where a run that was trained elsewhere goes: among the runs of a project, or into a folder by itself. */
import { existsSync, mkdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { PROJECT_FILE } from '../project/index.ts'
import { writeNote } from './run-note.ts'
import { runIdOf } from './run-store.ts'

export interface NewRun {
  readonly out: string
  /** Makes it one of the project's runs, once its files are there. */
  settle(run: { readonly complete: boolean; readonly notes: readonly string[] }): void
}

/** @param into a project's folder or file, or the folder that becomes the run's */
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
