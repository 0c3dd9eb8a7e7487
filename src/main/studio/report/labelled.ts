import type { DatasetImage, DatasetStream } from '../../../core/formats/dataset.ts'
import type { Split } from '../../../core/project/model.ts'
import { givingWay } from '../datasets/give-way.ts'
import { labelledOf } from '../project/export.ts'
import { openProject, type Project } from '../project/project.ts'

/** How a long look through a project is watched and stopped. */
export interface Watch {
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

/** The labels as they were when the look began: changes made meanwhile are not seen, and are not held up. */
export interface Labelled {
  readonly project: Project
  readonly dataset: DatasetStream
  /** Images whose file cannot be read, or whose name no data set can hold. */
  readonly leftOut: number
  /** Goes through all images, giving way to other work now and then. */
  each(look: (image: DatasetImage) => void): Promise<void>
}

/** Lets `work` look at what a detector would learn from: the images that training takes, and no others. */
export async function withLabels<Result>(
  { path }: Project,
  split: Split | null,
  { signal, onProgress }: Watch,
  work: (labels: Labelled) => Promise<Result>,
): Promise<Result> {
  const project = await openProject(path, { readOnly: true })
  try {
    // Until it ends, this connection sees the file as it is at its first look.
    project.database.exec('BEGIN')
    const { dataset, problems } = labelledOf(project, split ? { split } : {})
    const giveWay = givingWay(signal)
    return await work({
      project,
      dataset,
      leftOut: problems.length,
      each: async (look) => {
        let done = 0
        for (const image of dataset.images) {
          look(image)
          onProgress?.(++done, dataset.images.length)
          await giveWay()
        }
      },
    })
  } finally {
    project.close()
  }
}
