/** Labels that lie in a project's folders and were neither imported nor declined. */
import { dirname, isAbsolute, join, relative } from 'node:path'
import { z } from 'zod'
import type { Format } from '../../../core/formats/formats.ts'
import { toSlashes } from '../datasets/files.ts'
import { type Candidate, candidatesIn } from '../datasets/index.ts'
import type { Project } from './project.ts'

const SETTING = 'settled-labels'

/** Fingerprints that are remembered; the oldest are forgotten. */
const MOST_SETTLED = 500

/** Beside the project's file, the studio keeps labels of its own: what runs learned from, what evaluations compared with. */
const OWN_FOLDER = /^(runs|evaluations)\//

export async function findLabels(project: Project): Promise<Candidate[]> {
  const settled = new Set(settledIn(project))
  return (await allLabels(project)).filter(({ fingerprint }) => !settled.has(fingerprint))
}

async function allLabels({ imageRoot, path }: Project): Promise<Candidate[]> {
  const folder = dirname(path)
  const isOwn = (root: string) => (file: string) =>
    OWN_FOLDER.test(toSlashes(relative(folder, join(root, file))))
  const outer = isWithin(imageRoot, folder) ? folder : imageRoot
  const roots = isWithin(folder, outer) ? [outer] : [imageRoot, folder]
  return (await Promise.all(roots.map((root) => candidatesIn(root, isOwn(root))))).flat()
}

const isWithin = (path: string, folder: string): boolean => {
  const way = relative(folder, path)
  return !way.startsWith('..') && !isAbsolute(way)
}

/** Does not offer these again, as long as their files stay as they are. No step of the history. */
export function settleLabels(project: Project, fingerprints: readonly string[]): void {
  if (project.readOnly) throw project.readOnly
  const all = [...new Set([...settledIn(project), ...fingerprints])].slice(-MOST_SETTLED)
  project.database.run(
    'INSERT INTO setting VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    SETTING,
    JSON.stringify(all),
  )
}

/**
 * Stops offering the labels at a path and below, of one format or of all, because they were imported from there or
 * written there by the studio itself.
 */
export async function settleLabelsAt(project: Project, path: string, format: Format | null): Promise<void> {
  const all = await allLabels(project).catch(() => [])
  const there = all.filter((one) => isWithin(one.path, path) && one.format === (format ?? one.format))
  if (there.length > 0)
    settleLabels(
      project,
      there.map(({ fingerprint }) => fingerprint),
    )
}

function settledIn({ database }: Project): string[] {
  const row = database.get<{ value: string }>('SELECT value FROM setting WHERE key = ?', SETTING)
  return row ? z.array(z.string()).catch([]).parse(JSON.parse(row.value)) : []
}
