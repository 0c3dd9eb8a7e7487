import type { DatasetImage, DatasetStream } from '../../../core/formats/dataset.ts'
import type { Split } from '../../../core/project/model.ts'
import { givingWay } from '../datasets/give-way.ts'
import { labelledOf } from '../project/export.ts'
import { openProject, type Project } from '../project/project.ts'

/** Progress and cancellation of a long pass over a project. */
export interface Watch {
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

/** The labels as they were when the pass began. Changes made meanwhile are neither seen nor blocked. */
export interface Labelled {
  readonly project: Project
  readonly dataset: DatasetStream
  /** Images whose file cannot be read, or whose name no data set can hold. */
  readonly leftOut: number
  /** Iterates over all images, and yields to other work from time to time. */
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
    // Until the transaction ends, this connection sees the file in the state of its first read.
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
