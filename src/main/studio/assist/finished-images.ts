/** The finished images of a project, and what of them the learner has been told. */
import type { EngineData, EngineImage } from '../../../core/contract/engine.ts'
import type { ProjectAnnotation } from '../../../core/project/model.ts'
import { engineImage } from '../engine/engine-data.ts'
import type { Project, StepEffect } from '../project/index.ts'
import { imagesOf } from '../project/labels.ts'

/** Finished images that may be learnt from; those of the other splits measure. */
const FINISHED = 'state:done -has:error split:train,none'

export interface ImageChanges {
  /** Finished images that the learner does not know, or not with these labels. */
  readonly changed: number[]
  /** Images that it knows and that are finished no more. */
  readonly removed: number[]
  /** Per changed image, what tells its labels apart from others. */
  readonly keys: ReadonlyMap<number, string>
}

export class FinishedImages {
  readonly #project: Project
  /** The key of each image's labels, in the order in which images joined. */
  readonly #told = new Map<number, string>()
  #touched: Set<number> | 'all' = new Set()

  constructor(project: Project) {
    this.#project = project
  }

  /** Images that the learner knows, the newest last. */
  get told(): number[] {
    return [...this.#told.keys()]
  }

  get count(): number {
    return this.#told.size
  }

  /** A learner begins that knows nothing. */
  startAnew(): void {
    this.#told.clear()
    this.#touched = 'all'
  }

  forget(): void {
    this.#told.clear()
  }

  /** Call with every step of the project's history. */
  stepped({ images, classes }: Pick<StepEffect, 'images' | 'classes'>): void {
    if (images === 'many' || classes) this.#touched = 'all'
    else if (this.#touched !== 'all') for (const id of images) this.#touched.add(id)
  }

  /** What has to be told since the last call; null where nothing was touched. Call `settle` once it was told. */
  changes(): ImageChanges | null {
    const touched = this.#touched
    if (touched !== 'all' && touched.size === 0) return null
    this.#touched = new Set()
    // Without a class an image teaches nothing.
    const finished = new Set(this.classIds.length > 0 ? this.#project.find(FINISHED) : [])
    const ids = touched === 'all' ? [...new Set([...finished, ...this.#told.keys()])] : [...touched]
    const labels = this.#project.annotations.ofImages(ids)
    const keys = new Map(ids.map((id, i) => [id, keyOf(labels[i]!)]))
    return {
      changed: ids.filter((id) => finished.has(id) && this.#told.get(id) !== keys.get(id)),
      removed: ids.filter((id) => this.#told.has(id) && !finished.has(id)),
      keys,
    }
  }

  settle({ changed, removed, keys }: ImageChanges): void {
    for (const id of [...removed, ...changed]) this.#told.delete(id)
    for (const id of changed) this.#told.set(id, keys.get(id)!)
  }

  get classIds(): number[] {
    return this.#project.classes.all().map(({ id }) => id)
  }

  get categories(): EngineData['categories'] {
    return this.#project.classes.all().map(({ id, name }) => ({ id, name }))
  }

  /** As the engine takes them, with their labels as they are now. */
  imagesOf(ids: readonly number[]): EngineImage[] {
    const classIds = new Map(this.classIds.map((id) => [id, id]))
    return imagesOf(this.#project, ids).map((image) => engineImage(image, this.#project.imageRoot, classIds))
  }

  /** All that the learner should know. */
  data(): EngineData {
    return { categories: this.categories, images: this.imagesOf(this.told) }
  }

  /** Without a box there is nothing to begin with. */
  hasBoxes(): boolean {
    return this.imagesOf(this.told).some(({ crowds }) => crowds.includes(0))
  }
}

/** Changes with every label, whichever way it is changed. */
const keyOf = (annotations: readonly ProjectAnnotation[]): string =>
  JSON.stringify(
    annotations
      .filter(({ source }) => source !== 'proposed')
      .map(({ classId, box, crowd, segmentation }) => [classId, box, crowd, segmentation]),
  )
