/** Accepts a project wherever a data set is expected, given as its folder or its file. PATH:train selects a split. */
import { basename, extname, join, resolve } from 'node:path'
import { CodedError } from '../../../core/errors.ts'
import type { DatasetStream, Problem } from '../../../core/formats/dataset.ts'
import type { Format } from '../../../core/formats/formats.ts'
import { SPLITS, type Split } from '../../../core/project/model.ts'
import { kindOf } from '../datasets/files.ts'
import { settleImages } from '../datasets/images.ts'
import { type Loaded, type LoadOptions, loadDataset, type Unseen } from '../datasets/index.ts'
import { labelledOf } from './export.ts'
import { openProject, PROJECT_FILE } from './project.ts'

export interface OpenLabels {
  readonly format: Format | 'project'
  /** The images of a project are read while the caller iterates. */
  readonly dataset: DatasetStream
  readonly imageRoot: string
  readonly problems: Problem[]
  readonly notKept?: readonly string[]
  readonly unseen?: readonly Unseen[]
  close(): void
}

/**
 * Opens a data set or a project for reading; a studio that has the project open goes on undisturbed, and what it
 * changes meanwhile is not seen. Of a project, the images that somebody has worked on are taken, with their labels.
 *
 * Throws the errors of loadDataset and openProject, and DATA_LIST for a split that no image is in.
 */
export async function openLabels(given: string, options: LoadOptions = {}): Promise<OpenLabels> {
  const place = await projectAt(given)
  if (place === undefined) return { ...(await loadDataset(given, options)), close: () => {} }
  const project = await openProject(place.path, { readOnly: true })
  try {
    // Until the transaction ends, this connection sees the file in the state of its first read.
    project.database.exec('BEGIN')
    const split = place.split === undefined ? undefined : splitOf(place.split, given)
    // The project knows which files are missing in its own image folder, not in the folder given here.
    const missing = options.images === undefined ? (options.missing ?? 'skip') : 'keep'
    const { dataset, problems } = labelledOf(project, { ...(split && { split }), missing })
    if (split && dataset.images.length === 0 && problems.length === 0) throw noSuchList(given, split)
    const imageRoot = options.images === undefined ? project.imageRoot : resolve(options.images)
    return { format: 'project', dataset, imageRoot, problems, close: () => project.close() }
  } catch (error) {
    project.close()
    throw error
  }
}

/** The same, held in memory as a whole, after a search for the image files. */
export async function loadLabels(
  given: string,
  options: LoadOptions = {},
): Promise<Loaded & { readonly format: Format | 'project' }> {
  const { format, dataset, imageRoot, problems, unseen = [], close } = await openLabels(given, options)
  try {
    const whole = { ...dataset, images: [...dataset.images] }
    if (format !== 'project') return { format, dataset: whole, imageRoot, problems, unseen }
    const settled = await settleImages(whole, imageRoot, options.missing ?? 'skip')
    return { format, ...settled, imageRoot, problems: [...problems, ...settled.problems] }
  } finally {
    close()
  }
}

async function projectAt(given: string): Promise<{ path: string; split?: string } | undefined> {
  if (await isProject(given)) return { path: given }
  const [, path, split] = /^(.+):([\w.-]+)$/.exec(given) ?? []
  // An existing path is taken literally, even if it ends in a colon and a name.
  if (path === undefined || (await kindOf(given)) !== undefined || !(await isProject(path))) return undefined
  return { path, split: split! }
}

async function isProject(path: string): Promise<boolean> {
  if ((await kindOf(path)) === 'file') return extname(path) === extname(PROJECT_FILE)
  return (await kindOf(join(path, PROJECT_FILE))) === 'file'
}

function splitOf(name: string, given: string): Split {
  const split = SPLITS.find((known) => known === name)
  if (split === undefined) throw noSuchList(given, name)
  return split
}

const noSuchList = (given: string, name: string): CodedError =>
  new CodedError(
    'DATA_LIST',
    `${basename(given)}: no labelled image of the project is in the split ${name}`,
    `The splits are ${SPLITS.join(', ')}; the studio divides the images among them`,
  )
