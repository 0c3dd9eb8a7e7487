/** A project's labels as images of a data set, read while the caller iterates. Proposals are not labels. */
import { safeRelativePath } from '../../../core/formats/checks.ts'
import type { Annotation, DatasetImage, DatasetStream, Problem } from '../../../core/formats/dataset.ts'
import type { ProjectAnnotation } from '../../../core/project/model.ts'
import type { Project } from './project.ts'

export interface Labels {
  readonly dataset: DatasetStream
  /** Images that cannot be part of a data set. */
  readonly problems: Problem[]
}

/** Number of images per query, and therefore in memory at a time. */
const CHUNK = 200

/** Those of the images that a query finds, in the order of their names; image and class ids are the project's. */
export function labelsOf(project: Project, query: string): Labels {
  const found = project.find(query)
  const unnameable = unnameableOf(project)
  const ids = found.filter((id) => !unnameable.has(id))
  return {
    dataset: {
      categories: project.classes.all().map(({ id, name }) => ({ id, name })),
      images: {
        length: ids.length,
        *[Symbol.iterator]() {
          for (let start = 0; start < ids.length; start += CHUNK) {
            yield* imagesOf(project, ids.slice(start, start + CHUNK))
          }
        },
      },
    },
    problems: found.flatMap((id) => {
      const path = unnameable.get(id)
      return path === undefined
        ? []
        : skip(path, 'its name contains characters that label files cannot contain')
    }),
  }
}

/** Paths by image id. File systems allow line breaks and backslashes; a project from elsewhere may hold any path. */
function unnameableOf({ database }: Project): Map<number, string> {
  const rows = database.all<{ id: number; path: string }>('SELECT id, path FROM image')
  return new Map(rows.filter(({ path }) => safeRelativePath(path) !== path).map(({ id, path }) => [id, path]))
}

/** In the order of the ids. Proposals are left out. */
export function imagesOf({ annotations, images }: Project, ids: readonly number[]): DatasetImage[] {
  const objects = annotations.ofImages(ids)
  return images.list(ids).map(({ id, path, width, height, split }, index) => ({
    ...{ id, fileName: path, width, height },
    annotations: objects[index]!.filter(({ source }) => source !== 'proposed').map(toAnnotation),
    ...(split && { splits: [split] }),
  }))
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

export const skip = (file: string, reason: string): Problem => ({
  file,
  where: '',
  reason,
  action: 'skipped',
})
