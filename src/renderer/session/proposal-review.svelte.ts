/** Goes from proposal to proposal through all images, in the order of the list and then through the images beyond it. */
import type { Context } from './controller-context.ts'
import type { ImageList } from './image-list.svelte.ts'

type ReviewContext = Context & { readonly images: ImageList }

export class ProposalReview {
  readonly #studio: ReviewContext
  /** The image of which the first proposal is selected as soon as it is shown. */
  wanted = $state<number | null>(null)
  /** Whether a review was begun whose proposals are not all decided on. */
  active = $state(false)

  constructor(studio: ReviewContext) {
    this.#studio = studio
  }

  /** Opens the next image with proposals; from the last one, the first. False if no image but the open one has any. */
  async next(): Promise<boolean> {
    const [first] = await this.#others()
    if (first === undefined) return false
    this.#go(first)
    return true
  }

  /** Starts with the open image if it has proposals. */
  async begin(): Promise<boolean> {
    const { images } = this.#studio
    const found = await this.#find()
    this.active = found.size > 0
    if (images.current === null || !found.has(images.current)) return this.next()
    this.#go(images.current)
    return true
  }

  #go(image: number): void {
    this.wanted = image
    this.#studio.images.open(image)
  }

  /** The images behind the open one, then those before it. */
  async #others(): Promise<number[]> {
    const { images } = this.#studio
    const found = await this.#find()
    const listed = images.ids.filter((id) => found.has(id))
    const order = [...listed, ...[...found].filter((id) => !images.indexOf.has(id))]
    const behind = order.findIndex(
      (id) => (images.indexOf.get(id) ?? images.ids.length) > images.currentIndex,
    )
    const from = Math.max(0, behind)
    return [...order.slice(from), ...order.slice(0, from)].filter((id) => id !== images.current)
  }

  async #find(): Promise<ReadonlySet<number>> {
    const { client } = this.#studio
    const found = await this.#studio.attempt(client.call('images.find', { query: 'source:proposed' }))
    return new Set(found?.ids)
  }
}
