/** Projects made of COCO files, for evaluating: image files are not needed. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadDataset } from '../../src/main/studio/datasets/index.ts'
import { createProject, importDataset, type Project } from '../../src/main/studio/project/index.ts'
import { addImages } from './project.ts'

interface CocoImages {
  readonly images: readonly {
    readonly id: number
    readonly file_name: string
    readonly width?: number
    readonly height?: number
  }[]
}

/** The labels of a COCO file in a project, every image done. The project numbers images anew; names stay. */
export async function projectOfCoco(folder: string, coco: CocoImages): Promise<Project> {
  const project = await createProject(folder)
  project.database.transaction(() => {
    const ids = addImages(project, ...coco.images.map(({ file_name }) => file_name))
    for (const [i, { width, height }] of coco.images.entries()) {
      if (width && height)
        project.database.run('UPDATE image SET width = ?, height = ? WHERE id = ?', width, height, ids[i]!)
    }
  })
  const file = join(folder, 'labels.json')
  await writeFile(file, JSON.stringify(coco))
  await importDataset(project, await loadDataset(file, { missing: 'keep' }))
  project.images.setState(project.find(''), 'done')
  return project
}

/** Results told by file name, since the project has numbers of its own. */
export function namedResults<Result extends { readonly image_id: number }>(
  results: readonly Result[],
  { images }: CocoImages,
): (Result & { readonly file_name: string })[] {
  const nameOf = new Map(images.map(({ id, file_name }) => [id, file_name]))
  return results.map((result) => ({ ...result, file_name: nameOf.get(result.image_id)! }))
}
