/**
 * What a window shows of the project's image files, which are only ever read. core/contract/image-assets.ts lists the
 * addresses. An HTTP server and Electron's protocol handler both call `respond`.
 */
import { join } from 'node:path'
import type { ImageInfo } from '../../../core/contract/image-assets.ts'
import { CodedError } from '../../../core/errors.ts'
import { CacheFolder } from '../../images/cache-folder.ts'
import { keyOf } from '../../images/image-file.ts'
import { NewestFirst } from '../../images/newest-first.ts'
import { examine, type Picture } from '../../images/picture.ts'
import { levelsOf, readLevel, readTile, TILE, tileRegion } from '../../images/pyramid.ts'
import { type BuildOptions, PyramidBuilder } from '../../images/pyramid-builder.ts'
import { rangeOf, type Samples, type ValueRange, type Window } from '../../images/samples.ts'
import {
  encodeExact,
  readDeepWhole,
  readReduced,
  readSome,
  readWhole,
  reduceAgain,
  show,
} from '../../images/screen-image.ts'
import { CHECKOUT, type EnginePlace } from '../engine/place.ts'
import { type AssetResponse, errorResponse, notModified, tagOf } from './responses.ts'
import { parseRoute, parseWindow, type Route, type TileRoute } from './routes.ts'

export interface AssetsOptions {
  /** A folder that may be deleted at any time; it is made when needed. */
  readonly cache: string
  /** Absolute path of an image's file; throws CodedError where there is none. */
  readonly fileOf: (imageId: number) => string | Promise<string>
  /** Progress of making the tiles of the image on screen, 0 to 1; called once for each waiting request. */
  readonly onTiles?: (imageId: number, done: number) => void
  /** Called when an image's file turns out to be missing, unreadable, damaged or not an image. */
  readonly onUnreadable?: (imageId: number, file: string, error: CodedError) => void
  /** Location of the program that makes tiles; by default this checkout and the Node that runs it. */
  readonly place?: EnginePlace
}

const OF_FILE = new Set(['DATA_IMAGE_UNREADABLE', 'DATA_IMAGE_FORMAT', 'DATA_IMAGE_BROKEN'])

/** Number of pictures that are decoded at a time. */
const PLACES = 2

/** px */
const THUMBNAIL = 256
const OVERVIEW = 2048

/** Number of pictures whose headers are remembered. */
const REMEMBERED = 2000

/** Bytes of decoded samples that are kept in memory. */
const MOST_REMEMBERED = 2 ** 27

export class ImageAssets {
  readonly #options: AssetsOptions
  readonly #cache: CacheFolder
  readonly #builder: PyramidBuilder
  readonly #queue = new NewestFirst(PLACES)
  readonly #pictures = new Map<string, Picture>()
  /** Samples of the high-bit-depth picture shown last, because its intensity window is often moved. */
  #deep: { readonly key: string; readonly samples: Samples } | undefined

  constructor(options: AssetsOptions) {
    this.#options = options
    this.#cache = new CacheFolder(options.cache)
    this.#builder = new PyramidBuilder(this.#cache, options.place ?? CHECKOUT)
  }

  /**
   * Answers a request.
   * @param path what follows the host, without the query.
   * @param knownTag the request's If-None-Match: what the browser has already is not made again.
   * @returns a body, or the file to send; never rejects but with the signal's reason.
   */
  async respond(
    path: string,
    query: URLSearchParams,
    signal?: AbortSignal,
    knownTag?: string,
  ): Promise<AssetResponse> {
    let asked: { readonly image: number; readonly file: string } | undefined
    try {
      const route = parseRoute(path)
      const window = parseWindow(query)
      const file = await this.#options.fileOf(route.id)
      asked = { image: route.id, file }
      const key = await keyOf(file)
      return await this.#answer(route, window, file, key, signal, knownTag)
    } catch (error) {
      signal?.throwIfAborted()
      const isOfFile = error instanceof CodedError && OF_FILE.has(error.code)
      if (asked && isOfFile) this.#options.onUnreadable?.(asked.image, asked.file, error)
      return errorResponse(error)
    }
  }

  /**
   * Makes the tiles of a large picture, unless they are there.
   * @throws the signal's reason; CodedError of the file, IO_DISK_FULL, IO_CACHE.
   */
  async prepareTiles(imageId: number, options: BuildOptions = {}): Promise<void> {
    const file = await this.#options.fileOf(imageId)
    const picture = await this.#picture(file, await keyOf(file), options.signal)
    if (picture.kind === 'tiled') await this.#builder.build(picture, options)
  }

  /** A small JPEG. Throws the signal's reason; CodedError of the file, IO_CACHE. */
  async thumbnail(imageId: number, signal?: AbortSignal): Promise<Buffer> {
    const file = await this.#options.fileOf(imageId)
    return this.#thumbnail(file, await keyOf(file), signal)
  }

  async #answer(
    route: Route,
    window: Window | undefined,
    file: string,
    key: string,
    signal: AbortSignal | undefined,
    knownTag: string | undefined,
  ): Promise<AssetResponse> {
    const tag = tagOf(key, window)
    const isLasting = route.what !== 'info'
    if (isLasting && knownTag === tag) return notModified(tag)
    const picture = route.what === 'thumbnail' ? undefined : await this.#picture(file, key, signal)
    const respond = (type: string, body: AssetResponse['body']): AssetResponse => ({
      ...{ status: 200, type, body },
      headers: isLasting ? { etag: tag, 'cache-control': 'no-cache' } : { 'cache-control': 'no-store' },
    })
    switch (route.what) {
      case 'thumbnail':
        return respond('image/jpeg', await this.#thumbnail(file, key, signal))
      case 'overview':
        return respond('image/jpeg', await this.#overview(picture!, signal))
      case 'info':
        return respond('application/json', await this.#info(picture!, signal))
      case 'tile':
        return respond('image/png', await this.#tile(inTiles(picture!), route, window, signal))
      case 'whole': {
        if (picture!.kind === 'tiled') throw new CodedError('USAGE_ADDRESS', 'This picture is shown in tiles')
        if (picture!.isForBrowsers) return respond(`image/${picture!.format}`, { file })
        return respond('image/png', await this.#whole(picture!, window, signal))
      }
    }
  }

  async #picture(file: string, key: string, signal?: AbortSignal): Promise<Picture> {
    const known = this.#pictures.get(key)
    if (known) return known
    const picture = await this.#queue.run(() => examine(file, key), signal)
    this.#pictures.set(key, picture)
    if (this.#pictures.size > REMEMBERED) this.#pictures.delete(this.#pictures.keys().next().value!)
    return picture
  }

  async #info(picture: Picture, signal: AbortSignal | undefined): Promise<Buffer> {
    const { width, height, depth, channels, kind } = picture
    const range = depth === 8 ? null : await this.#range(picture, signal)
    const info: ImageInfo = {
      ...{ width, height, channels, kind },
      depth: depth === 'float' ? 32 : depth,
      tileSize: TILE,
      levels: levelsOf(picture).length,
      tilesReady: kind === 'tiled' && (await this.#builder.isBuilt(picture)),
      range: range && [range.min, range.max],
      window: range && { low: range.low, high: range.high },
    }
    return Buffer.from(JSON.stringify(info))
  }

  async #whole(picture: Picture, window: Window | undefined, signal?: AbortSignal): Promise<Buffer> {
    if (picture.depth === 8) return this.#queue.run(() => readWhole(picture), signal)
    const shown = window ?? (await this.#range(picture, signal))
    const make = async (): Promise<Buffer> => encodeExact(show(await this.#samples(picture), shown))
    return this.#queue.run(make, signal)
  }

  async #samples(picture: Picture): Promise<Samples> {
    const { key } = picture
    if (this.#deep?.key === key) return this.#deep.samples
    const samples = await readDeepWhole(picture)
    if (samples.data.byteLength <= MOST_REMEMBERED) this.#deep = { key, samples }
    return samples
  }

  async #range(picture: Picture, signal?: AbortSignal): Promise<ValueRange> {
    const make = async (): Promise<Buffer> => {
      const read = picture.kind === 'whole' ? this.#samples(picture) : readSome(picture)
      return Buffer.from(JSON.stringify(rangeOf(await read)))
    }
    const name = join('ranges', `${picture.key}.json`)
    return JSON.parse(String(await this.#cache.keep(name, () => this.#queue.run(make, signal))))
  }

  #thumbnail(file: string, key: string, signal?: AbortSignal): Promise<Buffer> {
    return this.#cache.keep(join('thumbnails', key.slice(0, 2), `${key}.jpg`), async () => {
      const picture = await this.#picture(file, key, signal)
      if (picture.kind === 'whole') return this.#queue.run(() => readReduced(picture, THUMBNAIL), signal)
      // One pass over a large picture yields both.
      const overview = await this.#overview(picture, signal)
      return this.#queue.run(() => reduceAgain(file, overview, THUMBNAIL), signal)
    })
  }

  #overview(picture: Picture, signal?: AbortSignal): Promise<Buffer> {
    return this.#cache.keep(join('overviews', `${picture.key}.jpg`), async () => {
      // Large BMP files are not decoded as a whole here either.
      const isUnpacked = picture.format === 'bmp' && picture.kind === 'tiled'
      if (isUnpacked) await this.#builder.build(picture, { ...(signal && { signal }) })
      const read = (): Promise<Buffer> =>
        isUnpacked ? readLevel(this.#cache, picture, OVERVIEW) : readReduced(picture, OVERVIEW)
      return this.#queue.run(read, signal)
    })
  }

  async #tile(
    picture: Picture,
    { id, address }: TileRoute,
    window: Window | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Buffer> {
    tileRegion(picture, address)
    const onProgress = (done: number): void => this.#options.onTiles?.(id, done)
    await this.#builder.build(picture, { ...(signal && { signal }), onProgress })
    const shown = picture.depth === 8 ? undefined : (window ?? (await this.#range(picture, signal)))
    return this.#queue.run(() => readTile(this.#cache, picture, address, shown), signal)
  }
}

function inTiles(picture: Picture): Picture {
  if (picture.kind === 'tiled') return picture
  throw new CodedError('USAGE_ADDRESS', 'This picture is shown whole')
}
