/**
 * The images that the filter finds, and the one that is open. Only ids are held for all of them; rows (state, counts)
 * come for what is in view.
 */
import type { ReviewItem } from '../../core/contract/studio/models.ts'
import type { EventData, Result } from '../../core/contract/studio.ts'
import type { ProjectImage } from '../../core/project/model.ts'
import type { Context } from './controller-context.ts'

/** Rows asked for at once. */
const CHUNK = 200

/** Longer than anybody goes through before asking anew. */
const MOST_USEFUL = 1000

export type ImageOrder = 'path' | 'useful'

export class ImageList {
  readonly #studio: Context
  readonly #opened: (image: number) => void
  readonly #first: number | null
  /** In core/query's language. */
  query = $state('')
  /** Why the query cannot be read. */
  queryError = $state<string | null>(null)
  /** In their order. */
  ids = $state.raw<readonly number[]>([])
  /** By path, or what a person should look at first by the model in use. */
  order = $state<ImageOrder>('path')
  /** Why an image stands where it does in that order, which is kept until it is asked for anew. */
  useful = $state.raw<ReadonlyMap<number, ReviewItem>>(new Map())
  /** Not yet known for this project. */
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
   * `opened` hears of every image that is opened.
   * @param first the image to open first, where it is still there; null: the first of the list.
   */
  constructor(studio: Context, opened: (image: number) => void, first: number | null = null) {
    this.#studio = studio
    this.#opened = opened
    this.#first = first
  }

  /** Undefined until it has come; asking for it makes it come. */
  row(id: number): ProjectImage | undefined {
    return this.#rows.get(id)
  }

  /** Makes the rows of a stretch of the list come. */
  async need(first: number, last: number): Promise<void> {
    const from = Math.max(0, Math.floor(first / CHUNK) * CHUNK)
    const to = (Math.floor(last / CHUNK) + 1) * CHUNK
    const wanted = this.ids.slice(from, to).filter((id) => !this.#asked.has(id))
    for (let start = 0; start < wanted.length; start += CHUNK) {
      await this.#load(wanted.slice(start, start + CHUNK))
    }
  }

  /** Where the open image is not among those that are found, the first of them is opened. */
  async search(query: string): Promise<void> {
    this.query = query
    // A queue is one of what the filter found.
    this.order = 'path'
    await this.refresh()
    if (this.query === query && this.ids.length > 0 && this.currentIndex < 0) this.open(this.ids[0]!)
  }

  /** Looks anew, keeping the open image where it is still there. */
  async refresh(): Promise<void> {
    const { query } = this
    this.loading = this.ids.length === 0
    try {
      const { ids } = await this.#studio.client.call('images.find', { query })
      if (query !== this.query) return
      this.queryError = null
      // What is known is shown until it has come anew.
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

  /** Opens the first. Where the model has looked at none of the images, the order stays. */
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

  /** Also one that the filter does not find. */
  open(id: number): void {
    if (id === this.current) return
    this.current = id
    void this.#load([id])
    this.#opened(id)
  }

  /** The image so many places further on; the ends stop. */
  step(by: number): void {
    const index = Math.min(Math.max(this.currentIndex + by, 0), this.ids.length - 1)
    const id = this.ids[index]
    if (id !== undefined) this.open(id)
  }

  /** Ids of the images about to be wanted, nearest first: for prefetching. */
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
    ? 'No image here waits for review: those that are done are past'
    : known === 0
      ? 'The model has not looked at these images yet. Detect in them first'
      : 'None of these images has anything to review'
