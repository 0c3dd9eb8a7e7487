/** A project's labels as a data set: for training, and for all formats. Proposals are no labels and stay behind. */
import { safeRelativePath } from '../../../core/formats/checks.ts'
import type { Annotation, DatasetImage, Problem } from '../../../core/formats/dataset.ts'
import type { ProjectAnnotation, Split } from '../../../core/project/model.ts'
import type { Loaded } from '../datasets/index.ts'
import { type WriteOptions, type Written, writeDataset } from '../datasets/index.ts'
import type { Project } from './project.ts'

/**
 * What a detector learns from: the labels of the images in a split, or of all, that somebody has worked on. An image
 * that is new has no labels yet, not no objects; one without objects counts when it is done. Images whose file is
 * missing or damaged are left out and named.
 */
export function datasetOf(project: Project, split?: Split): Loaded {
  const loaded = labelsOf(project, `state:in-progress,done ${split ? `split:${split}` : ''}`)
  const reasons = new Map(
    project.database
      .all<{ path: string; error: string }>('SELECT path, error FROM image WHERE error IS NOT NULL')
      .map(({ path, error }) => [path, error]),
  )
  const skipped = loaded.dataset.images.filter(({ fileName }) => reasons.has(fileName))
  return {
    ...loaded,
    dataset: {
      ...loaded.dataset,
      images: loaded.dataset.images.filter(({ fileName }) => !reasons.has(fileName)),
    },
    problems: [...loaded.problems, ...skipped.map(({ fileName }) => skip(fileName, reasons.get(fileName)!))],
  }
}

export interface ExportOptions extends Omit<WriteOptions, 'copyImagesFrom'> {
  /** Which images (core/query); by default all that are not ignored. */
  readonly query?: string
  readonly copyImages?: boolean
}

/** Throws USAGE_QUERY and the errors of writeDataset. */
export async function exportDataset(
  project: Project,
  { query = '-state:ignored', copyImages = false, ...options }: ExportOptions,
): Promise<Written> {
  const { dataset, imageRoot, problems } = labelsOf(project, query)
  const written = await writeDataset(dataset, {
    ...options,
    ...(copyImages && { copyImagesFrom: imageRoot }),
  })
  return { ...written, problems: [...problems, ...written.problems] }
}

/** The labels of the images that a query finds, in the order of the paths; image and class ids are the project's. */
function labelsOf(project: Project, query: string): Loaded {
  const problems: Problem[] = []
  const images = project.images.list(project.find(query)).flatMap((image): DatasetImage[] => {
    const { id, path, width, height, split } = image
    if (safeRelativePath(path) !== path) {
      problems.push(skip(path, 'its name holds characters that label files cannot name'))
      return []
    }
    const labels = project.annotations.of(id).filter(({ source }) => source !== 'proposed')
    const annotations = labels.map(toAnnotation)
    return [{ id, fileName: path, width, height, annotations, ...(split && { splits: [split] }) }]
  })
  const categories = project.classes.all().map(({ id, name }) => ({ id, name }))
  return { dataset: { categories, images }, imageRoot: project.imageRoot, problems }
}

function toAnnotation(annotation: ProjectAnnotation): Annotation {
  const { classId, box, crowd, difficult, source, score, area, segmentation, attributes } = annotation
  return {
    categoryId: classId,
    box,
    ...(crowd && { crowd }),
    ...(difficult && { difficult }),
    // The score of a proposal that a person accepted says how sure the model was; the label itself is certain.
    ...(source === 'imported' && score !== null && { score }),
    ...(area !== null && { area }),
    ...(segmentation && { segmentation }),
    ...(attributes && { attributes }),
  }
}

const skip = (file: string, reason: string): Problem => ({ file, where: '', reason, action: 'skipped' })
