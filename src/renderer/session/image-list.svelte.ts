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
  readonly #opened: (image: number | null) => void
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
  /** Images that are marked in the list, for commands that change many at once. Of one image, the open one is meant. */
  marked = $state.raw<ReadonlySet<number>>(new Set())
  #rows = $state.raw<ReadonlyMap<number, ProjectImage>>(new Map())
  readonly #asked = new Set<number>()
  readonly indexOf = $derived(new Map(this.ids.map((id, index) => [id, index])))
  /** What commands about images change, in list order. */
  readonly targets: readonly number[] = $derived.by(() => {
    if (this.marked.size > 1) return this.ids.filter((id) => this.marked.has(id))
    return this.current === null ? [] : [this.current]
  })
  readonly currentIndex = $derived(this.current === null ? -1 : (this.indexOf.get(this.current) ?? -1))
  readonly currentRow = $derived(this.current === null ? undefined : this.#rows.get(this.current))
  /** The open image, where its file can be read. */
  readonly readable = $derived(this.currentRow?.error === null ? this.currentRow.id : null)

  /**
   * @param opened called for every image that is opened; null where the last one was removed
   * @param first the image to open first, if it still exists; null: the first of the list
   */
  constructor(studio: Context, opened: (image: number | null) => void, first: number | null = null) {
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
      const at = this.currentIndex
      const found = new Set(ids)
      // What is not listed must not be changed by a command that says how many it changes.
      this.#mark([...this.marked].filter((id) => found.has(id)))
      this.ids =
        this.order === 'useful'
          ? [...new Set([...this.useful.keys(), ...ids])].filter((id) => query !== '' || found.has(id))
          : ids
      if (this.current === null && ids.length > 0) this.open(ids.find((id) => id === this.#first) ?? ids[0]!)
      else if (this.current !== null) await this.#stay(this.current, at)
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
    if (!this.marked.has(id)) this.#mark([])
    if (id === this.current) return
    this.current = id
    void this.#load([id])
    this.#opened(id)
  }

  /** Marks or unmarks an image; the open one is marked with the first other. */
  toggle(id: number): void {
    const next = new Set(this.marked.size === 0 && this.current !== null ? [this.current] : this.marked)
    if (!next.delete(id)) next.add(id)
    this.#mark(next)
  }

  /** Marks the images from the open one to this one. */
  markTo(id: number): void {
    const [from, to] = [Math.max(0, this.currentIndex), this.indexOf.get(id) ?? 0]
    this.#mark(this.ids.slice(Math.min(from, to), Math.max(from, to) + 1))
  }

  /** Marks all that are listed. */
  markAll(): void {
    this.#mark(this.ids)
  }

  unmark(): void {
    this.#mark([])
  }

  #mark(ids: Iterable<number>): void {
    const next = new Set(ids)
    this.marked = next.size > 1 ? next : new Set()
  }

  /** Keeps the open image, or opens the one in its place if it is no longer in the project. */
  async #stay(id: number, at: number): Promise<void> {
    await this.#load([id])
    if (this.current !== id || this.#rows.has(id)) return
    const next = this.ids[Math.min(Math.max(at, 0), this.ids.length - 1)]
    this.current = null
    if (next === undefined) this.#opened(null)
    else this.open(next)
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
    const next = new Map(this.#rows)
    // Those that were removed from the project have no rows any more.
    for (const id of ids) next.delete(id)
    for (const row of rows) next.set(row.id, row)
    this.#rows = next
  }
}

const nothingUseful = ({ images, known }: Result<'review.queue'>): string =>
  images === 0
    ? 'No image here needs review: all of them are done'
    : known === 0
      ? 'The model has not detected in these images yet. Run Detect first'
      : 'There is nothing to review in these images'
