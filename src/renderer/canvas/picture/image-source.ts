/**
 * The picture of the open image: its thumbnail at once, then every pixel. Neighbours are fetched and decoded ahead, one
 * after the other and only when the open image is there, so that turning a page shows a sharp picture right away.
 */
import type { SceneImage } from '../editing.ts'
import type { Sight } from '../layers/placement.ts'
import { Decoder } from './decoder.ts'
import {
  type DepthWindow,
  fetchBitmap,
  fetchInfo,
  overviewUrl,
  thumbnailUrl,
  wholeUrl,
} from './image-assets.ts'
import { drawPreview, type Picture, WholePicture } from './picture.ts'
import { PictureCache } from './picture-cache.ts'
import { TiledPicture } from './tiled-picture.ts'

/** Five pictures of 12 megapixels, with their smaller copies. */
const BUDGET = 320 * 2 ** 20

export type PictureState = 'none' | 'loading' | 'preview' | 'sharp' | 'failed'

interface Loading {
  readonly controller: AbortController
  /** Whether the picture is in the cache now. */
  readonly done: Promise<boolean>
}

export class ImageSource {
  readonly #changed: () => void
  readonly #cache = new PictureCache(BUDGET)
  readonly #decoder = new Decoder()
  readonly #loading = new Map<string, Loading>()
  #image: SceneImage | null = null
  #neighbours: readonly number[] = []
  #window: DepthWindow | null = null
  /** The thumbnail; of a tiled picture the overview, once it is here. */
  #preview: ImageBitmap | null = null
  /** The last picture shown of this image: while another window of its values is fetched, it stays. */
  #shown = ''
  #state: PictureState = 'none'

  /** `changed` is called when there is more to draw. */
  constructor(changed: () => void) {
    this.#changed = changed
  }

  get state(): PictureState {
    return this.#state
  }

  open(image: SceneImage | null): void {
    const same = image?.id === this.#image?.id
    this.#image = image
    this.#abortUnwanted()
    if (!same) {
      this.#preview?.close()
      this.#preview = null
      this.#shown = ''
      this.#state = image ? (this.#cache.has(this.#key(image.id)) ? 'sharp' : 'loading') : 'none'
    }
    if (image) void this.#open(image)
  }

  /** Images likely to be opened next, most likely first. */
  prefetch(imageIds: readonly number[]): void {
    this.#neighbours = imageIds
    this.#abortUnwanted()
    if (this.#image && this.#state === 'sharp') void this.#prefetch(this.#image)
  }

  /** Shows pictures of more than 8 bits between two values; null for the window that the server suggests for each. */
  setWindow(window: DepthWindow | null): void {
    this.#window = window
    for (const loading of this.#loading.values()) loading.controller.abort()
    if (this.#image) void this.#open(this.#image)
  }

  draw(context: CanvasRenderingContext2D, sight: Sight): void {
    const picture = this.#picture()
    if (!(picture instanceof WholePicture)) this.#drawPreview(context, sight)
    picture?.draw(context, sight)
  }

  /** Draws what is there of the whole image, and fetches nothing. */
  drawOverview(context: CanvasRenderingContext2D, sight: Sight): void {
    const picture = this.#picture()
    if (picture instanceof WholePicture) picture.draw(context, sight)
    else this.#drawPreview(context, sight)
  }

  close(): void {
    this.#neighbours = []
    this.open(null)
    this.#cache.clear()
    this.#decoder.close()
  }

  #key(id: number): string {
    return this.#window ? `${id} ${this.#window.low} ${this.#window.high}` : `${id}`
  }

  #wanted(): string[] {
    const ids = this.#image ? [this.#image.id, ...this.#neighbours] : []
    return ids.map((id) => this.#key(id))
  }

  #picture(): Picture | undefined {
    return this.#image
      ? (this.#cache.get(this.#key(this.#image.id)) ?? this.#cache.get(this.#shown))
      : undefined
  }

  #drawPreview(context: CanvasRenderingContext2D, sight: Sight): void {
    if (this.#preview && this.#image) drawPreview(context, this.#preview, this.#image, sight)
  }

  #abortUnwanted(): void {
    const wanted = this.#wanted()
    for (const [key, loading] of this.#loading) if (!wanted.includes(key)) loading.controller.abort()
  }

  async #open(image: SceneImage): Promise<void> {
    const key = this.#key(image.id)
    if (!(this.#cache.get(key) instanceof WholePicture)) void this.#loadPreview(image, thumbnailUrl(image.id))
    if (!this.#cache.has(key)) await this.#load(image.id)
    if (this.#image !== image || key !== this.#key(image.id)) return
    const here = this.#cache.has(key)
    if (here) this.#shown = key
    this.#state = here ? 'sharp' : 'failed'
    this.#changed()
    if (this.#cache.get(key) instanceof TiledPicture) void this.#loadPreview(image, overviewUrl(image.id))
    await this.#prefetch(image)
  }

  /** Shows a smaller picture below what is missing of the sharp one, unless it comes late or a better one is there. */
  async #loadPreview(image: SceneImage, url: string): Promise<void> {
    const bitmap = await fetchBitmap(url, new AbortController().signal).catch(() => null)
    if (!bitmap) return
    const better = this.#picture() instanceof WholePicture || (this.#preview?.width ?? 0) >= bitmap.width
    if (better || this.#image?.id !== image.id) return bitmap.close()
    this.#preview?.close()
    this.#preview = bitmap
    if (this.#state === 'loading') this.#state = 'preview'
    this.#changed()
  }

  async #prefetch(image: SceneImage): Promise<void> {
    const neighbours = this.#neighbours
    for (const id of neighbours) {
      if (this.#cache.has(this.#key(id))) continue
      const held = await this.#load(id)
      if (!held || this.#image !== image || this.#neighbours !== neighbours) return
    }
  }

  /** Fetches one picture into the cache; false if it did not come or found no room. */
  #load(id: number): Promise<boolean> {
    const key = this.#key(id)
    const running = this.#loading.get(key)
    if (running && !running.controller.signal.aborted) return running.done
    const controller = new AbortController()
    const loading = { controller, done: this.#loadInto(key, id, controller.signal) }
    this.#loading.set(key, loading)
    void loading.done.finally(() => this.#loading.get(key) === loading && this.#loading.delete(key))
    return loading.done
  }

  async #loadInto(key: string, id: number, signal: AbortSignal): Promise<boolean> {
    try {
      const picture = await this.#fetch(id, signal)
      if (!signal.aborted) return this.#cache.put(key, picture, this.#wanted())
      picture.close()
      return false
    } catch {
      // The state reports the failure; the image list says what is wrong with the file.
      return false
    }
  }

  async #fetch(id: number, signal: AbortSignal): Promise<Picture> {
    const info = await fetchInfo(id, signal)
    const window = this.#window
    if (info.kind === 'tiled') return new TiledPicture(id, info, window, () => this.#tileCame(id))
    return new WholePicture(await this.#decoder.decode(wholeUrl(id, window), signal))
  }

  #tileCame(id: number): void {
    if (this.#image?.id === id) this.#changed()
  }
}
