import { posix } from 'node:path'
import type { Project } from '../../src/main/studio/project/index.ts'

/** Class names and boxes of a project's labels by file name, for comparing projects whose images lie elsewhere. */
export function labelsByFile(project: Project): Map<string, { name: string; box: readonly number[] }[]> {
  const ids = project.find('')
  const names = new Map(project.classes.all().map(({ id, name }) => [id, name]))
  const annotations = project.annotations.ofImages(ids)
  return new Map(
    project.images.list(ids).map(({ path }, i) => [
      posix.basename(path),
      annotations[i]!.filter(({ source }) => source !== 'proposed').map(({ classId, box }) => ({
        name: names.get(classId)!,
        box,
      })),
    ]),
  )
}
