/** A project as a data set, for training and for export in all formats. Proposals are not labels and are left out. */
import { LABELLED_IMAGES, type Split } from '../../../core/project/model.ts'
import { type Loaded, type WriteOptions, type Written, writeDataset } from '../datasets/index.ts'
import { type Labels, labelsOf, skip } from './labels.ts'
import { openProject, type Project } from './project.ts'

/**
 * What a detector learns from: the labels of all images, or of those in a split, that somebody has worked on. A new
 * image is left out, because having no labels yet does not mean that it shows no objects; an image without labels
 * counts once it is done. Images whose file is missing or damaged are left out and reported, or kept where only the
 * labels matter.
 */
export function labelledOf(
  project: Project,
  { split, missing = 'skip' }: { readonly split?: Split; readonly missing?: 'skip' | 'keep' } = {},
): Labels {
  const inSplit = split ? ` split:${split}` : ''
  const withBroken = `state:in-progress,done${inSplit}`
  if (missing === 'keep') return labelsOf(project, withBroken)
  const { dataset, problems } = labelsOf(project, `${LABELLED_IMAGES}${inSplit}`)
  const broken = project.images.list(project.find(`${withBroken} has:error`))
  return { dataset, problems: [...problems, ...broken.map(({ path, error }) => skip(path, error!))] }
}

/** The same, held in memory as a whole. */
export function datasetOf(project: Project, split?: Split): Loaded {
  const { dataset, problems } = labelledOf(project, split && { split })
  return { dataset: { ...dataset, images: [...dataset.images] }, imageRoot: project.imageRoot, problems }
}

export interface ExportOptions extends Omit<WriteOptions, 'copyImagesFrom'> {
  /** Which images (core/query); by default all that are not ignored. */
  readonly query?: string
  readonly copyImages?: boolean
}

/**
 * Writes the labels as they are now: what is changed meanwhile does not go in. However many there are, few are in
 * memory at a time. Throws USAGE_QUERY and the errors of writeDataset.
 */
export async function exportDataset(
  { path }: Project,
  { query = '-state:ignored', copyImages = false, ...options }: ExportOptions,
): Promise<Written & { readonly unreadableImages: number }> {
  const snapshot = await openProject(path, { readOnly: true })
  try {
    // Until the transaction ends, this connection sees the file in the state of its first read.
    snapshot.database.exec('BEGIN')
    const { dataset, problems } = labelsOf(snapshot, query)
    const written = await writeDataset(dataset, {
      ...options,
      ...(copyImages && { copyImagesFrom: snapshot.imageRoot }),
    })
    const unreadableImages = snapshot.find(`${query} has:error`).length
    return { ...written, unreadableImages, problems: [...problems, ...written.problems] }
  } finally {
    snapshot.close()
  }
}
