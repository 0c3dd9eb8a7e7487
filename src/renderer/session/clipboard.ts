/** Copies objects within an image and between images, or all labels of another image. */
import { moveShape, type Shape } from '../../core/geometry/shape.ts'
import type { NewAnnotation, ProjectAnnotation } from '../../core/project/model.ts'
import { asDrawn } from './annotation-records.ts'
import type { Context } from './controller-context.ts'
import type { OpenImage } from './open-image.svelte.ts'

/** Pixels of the image by which a copy lies beside its original. */
const PASTE_OFFSET = 8

const shapeOf = ({ box, segmentation = null, area = null }: NewAnnotation): Shape => ({
  box,
  segmentation,
  area,
})

/** The editor, which copies come from and go to. */
interface Target {
  readonly image: OpenImage
  add(annotations: readonly NewAnnotation[], label: string): void
}

export class Clipboard {
  readonly #context: Context
  readonly #editor: Target
  #held: readonly NewAnnotation[] = []
  /** The image that they were copied from, and how often they were pasted into it. */
  #from: number | null = null
  #pasted = 0

  constructor(context: Context, editor: Target) {
    this.#context = context
    this.#editor = editor
  }

  copy(ids: readonly number[]): void {
    this.#held = this.#among(ids).map(asDrawn)
    this.#from = this.#editor.image.id
    this.#pasted = 0
  }

  /** Into another image in the same place; beside the originals in their own, each time a little further. */
  paste(): void {
    const offset = this.#editor.image.id === this.#from ? ++this.#pasted * PASTE_OFFSET : 0
    const copies = this.#held.map((one) => ({ ...one, ...moveShape(shapeOf(one), offset, offset) }))
    this.#editor.add(copies, 'Paste boxes')
  }

  duplicate(ids: readonly number[], offset: number): void {
    const copies = this.#among(ids).map((one) => asDrawn({ ...one, ...moveShape(one, offset, offset) }))
    this.#editor.add(copies, 'Duplicate boxes')
  }

  /** Copies the labels of another image, except those that exist here already. */
  async copyFrom(image: number): Promise<void> {
    const here = this.#editor.image
    const theirs = await this.#context.attempt(this.#context.client.call('annotations.of', { image }))
    // The user may have moved on to another image in the meantime.
    if (!theirs || this.#editor.image !== here) return
    const plain = ({ classId, box }: ProjectAnnotation) => `${classId} ${box}`
    const outlined = (one: ProjectAnnotation) => `${plain(one)} ${JSON.stringify(one.segmentation)}`
    const known = new Set(here.annotations.flatMap((one) => [plain(one), outlined(one)]))
    const labels = theirs.filter(
      (one) => one.source !== 'proposed' && !known.has(one.segmentation ? outlined(one) : plain(one)),
    )
    this.#editor.add(labels.map(asDrawn), 'Copy boxes from image')
  }

  #among(ids: readonly number[]) {
    return this.#editor.image.objects.filter(({ id }) => ids.includes(id))
  }
}
