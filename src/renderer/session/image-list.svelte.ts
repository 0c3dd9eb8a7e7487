/**
 * The images that the filter finds, and the one that is open. Only ids are held for all of them; rows (state, counts)
 * come for what is in view.
 */
import type { EventData } from '../../core/contract/studio.ts'
import type { ProjectImage } from '../../core/project/model.ts'
import type { Surroundings } from './surroundings.ts'

/** Rows asked for at once. */
const CHUNK = 200

export class ImageList {
  readonly #studio: Surroundings
  readonly #opened: (image: number) => void
  /** In core/query's language. */
  query = $state('')
  /** Why the query cannot be read. */
  queryError = $state<string | null>(null)
  /** In the order of the paths. */
  ids = $state.raw<readonly number[]>([])
  /** Not yet known for this project. */
  loading = $state(false)
  current = $state<number | null>(null)
  #rows = $state.raw<ReadonlyMap<number, ProjectImage>>(new Map())
  readonly #asked = new Set<number>()
  readonly indexOf = $derived(new Map(this.ids.map((id, index) => [id, index])))
  readonly currentIndex = $derived(this.current === null ? -1 : (this.indexOf.get(this.current) ?? -1))
  readonly currentRow = $derived(this.current === null ? undefined : this.#rows.get(this.current))

  /** `opened` hears of every image that is opened. */
  constructor(studio: Surroundings, opened: (image: number) => void) {
    this.#studio = studio
    this.#opened = opened
  }

  reset(): void {
    this.query = ''
    this.queryError = null
    this.ids = []
    this.current = null
    this.#forgetRows()
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

  async search(query: string): Promise<void> {
    this.query = query
    await this.refresh()
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
      this.ids = ids
      if (this.current === null && ids.length > 0) this.open(ids[0]!)
      else if (this.current !== null) await this.#load([this.current])
    } catch (error) {
      this.queryError = error instanceof Error ? error.message : String(error)
    } finally {
      this.loading = false
    }
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

  #forgetRows(): void {
    this.#asked.clear()
    this.#rows = new Map()
  }

  async #load(ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return
    for (const id of ids) this.#asked.add(id)
    const rows = await this.#studio.attempt(this.#studio.client.call('images.list', { ids }))
    if (!rows) return
    this.#rows = new Map([...this.#rows, ...rows.map((row) => [row.id, row] as const)])
  }
}
