/**
 * The images that the filter finds, and the open one. Only ids are held for all of them; rows (state, counts) are loaded
 * for the part in view.
 */
import type { ReviewItem } from '../../core/contract/studio/models.ts'
import type { EventData, Result } from '../../core/contract/studio.ts'
import type { ProjectImage } from '../../core/project/model.ts'
import type { Context } from './controller-context.ts'

/** Number of rows per request. */
const CHUNK = 200

/** Length of the review queue: more than anyone reviews before ordering again. */
const MOST_USEFUL = 1000

export type ImageOrder = 'path' | 'useful'

export class ImageList {
  readonly #studio: Context
  readonly #opened: (image: number) => void
  readonly #first: number | null
  /** In the query language (core/query). */
  query = $state('')
  /** Why the query is invalid. */
  queryError = $state<string | null>(null)
  /** Ids in list order. */
  ids = $state.raw<readonly number[]>([])
  /** By path, or by usefulness for review according to the model in use. */
  order = $state<ImageOrder>('path')
  /** Reasons for each image's place in the order of usefulness, which stays until the user orders again. */
  useful = $state.raw<ReadonlyMap<number, ReviewItem>>(new Map())
  /** Whether the list is being loaded for the first time. */
  loading = $state(false)
  current = $state<number | null>(null)
  #rows = $state.raw<ReadonlyMap<number, ProjectImage>>(new Map())
  readonly #asked = new Set<number>()
  readonly indexOf = $derived(new Map(this.ids.map((id, index) => [id, index])))
  readonly currentIndex = $derived(this.current === null ? -1 : (this.indexOf.get(this.current) ?? -1))
  readonly currentRow = $derived(this.current === null ? undefined : this.#rows.get(this.current))
  /** The open image, where its file can be read. */
  readonly readable = $derived(this.currentRow?.error === null ? this.currentRow.id : null)

  /**
   * @param opened called for every image that is opened
   * @param first the image to open first, if it still exists; null: the first of the list
   */
  constructor(studio: Context, opened: (image: number) => void, first: number | null = null) {
    this.#studio = studio
    this.#opened = opened
    this.#first = first
  }

  /** Undefined until it has been loaded (see `need`). */
  row(id: number): ProjectImage | undefined {
    return this.#rows.get(id)
  }

  /** Loads the rows of a range of the list. */
  async need(first: number, last: number): Promise<void> {
    const from = Math.max(0, Math.floor(first / CHUNK) * CHUNK)
    const to = (Math.floor(last / CHUNK) + 1) * CHUNK
    const wanted = this.ids.slice(from, to).filter((id) => !this.#asked.has(id))
    for (let start = 0; start < wanted.length; start += CHUNK) {
      await this.#load(wanted.slice(start, start + CHUNK))
    }
  }

  /** Applies a filter. If it leaves out the open image, opens the first match. */
  async search(query: string): Promise<void> {
    this.query = query
    // The review queue holds only images of the previous filter.
    this.order = 'path'
    await this.refresh()
    if (this.query === query && this.ids.length > 0 && this.currentIndex < 0) this.open(this.ids[0]!)
  }

  /** Reloads the list and keeps the open image if it still exists. */
  async refresh(): Promise<void> {
    const { query } = this
    this.loading = this.ids.length === 0
    try {
      const { ids } = await this.#studio.client.call('images.find', { query })
      if (query !== this.query) return
      this.queryError = null
      // Known rows are shown until they have been reloaded.
      this.#asked.clear()
      this.ids = this.order === 'useful' ? [...new Set([...this.useful.keys(), ...ids])] : ids
      if (this.current === null && ids.length > 0) this.open(ids.find((id) => id === this.#first) ?? ids[0]!)
      else if (this.current !== null) await this.#load([this.current])
    } catch (error) {
      this.queryError = error instanceof Error ? error.message : String(error)
    } finally {
      this.loading = false
    }
  }

  /** Changes the order and opens the first image. Without detections in any image, the order stays. */
  async sort(order: ImageOrder): Promise<void> {
    const { query } = this
    const queue =
      order === 'useful'
        ? await this.#studio.attempt(this.#studio.client.call('review.queue', { query, limit: MOST_USEFUL }))
        : undefined
    if (order === 'useful' && !queue?.items.length) {
      if (queue) this.#studio.messages.show(nothingUseful(queue))
      return
    }
    this.order = order
    this.useful = new Map(queue?.items.map((item) => [item.image, item]))
    await this.refresh()
    if (order === 'useful' && this.ids.length > 0) this.open(this.ids[0]!)
  }

  /** Opens an image, even one that the filter leaves out. */
  open(id: number): void {
    if (id === this.current) return
    this.current = id
    void this.#load([id])
    this.#opened(id)
  }

  /** Opens the image `by` places further, at most the first or last. */
  step(by: number): void {
    const index = Math.min(Math.max(this.currentIndex + by, 0), this.ids.length - 1)
    const id = this.ids[index]
    if (id !== undefined) this.open(id)
  }

  /** Ids of the nearest images, for prefetching; the nearest first. */
  neighbours(reach: number): number[] {
    const places = Array.from({ length: reach }, (_, i) => [i + 1, -i - 1]).flat()
    return places.flatMap((by) => this.ids[this.currentIndex + by] ?? [])
  }

  stepped({ images }: EventData<'step'>): void {
    if (images === 'many') void this.refresh()
    else void this.#load(images.filter((id) => this.#asked.has(id)))
  }

  async #load(ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return
    for (const id of ids) this.#asked.add(id)
    const rows = await this.#studio.attempt(this.#studio.client.call('images.list', { ids }))
    if (!rows) return
    this.#rows = new Map([...this.#rows, ...rows.map((row) => [row.id, row] as const)])
  }
}

const nothingUseful = ({ images, known }: Result<'review.queue'>): string =>
  images === 0
    ? 'No image here needs review: all of them are done'
    : known === 0
      ? 'The model has not detected in these images yet. Run Detect first'
      : 'There is nothing to review in these images'
