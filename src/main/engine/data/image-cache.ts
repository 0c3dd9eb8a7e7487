/** Decoded training images, least recently used out first, with bad files replaced. */
import type { Tile } from '../../../core/detectors/shared/tiles.ts'
import { CodedError } from '../../../core/errors.ts'
import type { Size } from '../../../core/geometry/box.ts'
import { MAX_PIXELS, type RgbImage } from '../../images/decode.ts'
import { RegionReader } from '../../images/region.ts'
import { decodeLabelled, isBlack, requireSize } from './labelled-image.ts'
import type { TrainingSample } from './samples.ts'

export interface Found {
  /** The index asked for, or that of its replacement. */
  readonly index: number
  /** All of the image, reduced where it is too large to be decoded at once, or the tile of it that the sample shows. */
  readonly image: RgbImage
}

export class ImageCache {
  #samples: readonly TrainingSample[]
  readonly #limit: number
  readonly #onBad: (index: number, error: CodedError) => void
  readonly #onBlack: (index: number) => void
  /**
   * Keyed by the sample's image and tile, least recently used first. It includes images that are being decoded, so that none
   * is decoded twice at a time.
   */
  readonly #entries = new Map<string, { readonly image: Promise<RgbImage>; bytes: number }>()
  /** Keyed by image. */
  readonly #bad = new Set<string>()
  readonly #regions: RegionReader
  #bytes = 0

  /**
   * @param copies folder for copies of large images, of which tiles are read; null to read them from the images.
   * @param onBad called once per image that cannot be used
   * @param onBlack called for images that are all but black, as 12 bits in a file of 16 are
   */
  constructor(
    samples: readonly TrainingSample[],
    limitBytes: number,
    copies: string | null,
    onBad: (index: number, error: CodedError) => void,
    onBlack: (index: number) => void = () => {},
  ) {
    this.#samples = samples
    this.#limit = limitBytes
    this.#regions = new RegionReader(copies)
    this.#onBad = onBad
    this.#onBlack = onBlack
  }

  /** Replaces the samples. Decoded images are kept. */
  replace(samples: readonly TrainingSample[]): void {
    this.#samples = samples
  }

  /**
   * What the sample shows, or the next usable one of the data set, whichever worker asks and whenever.
   * @param draw in [0, 1): which of the sample's tiles.
   * @throws CodedError DATA_IMAGE_NONE when no image can be used
   */
  async find(index: number, draw: number): Promise<Found> {
    const count = this.#samples.length
    for (let k = 0; k < count; k++) {
      const candidate = (index + k) % count
      const key = keyOf(this.#samples[candidate])
      if (this.#bad.has(key)) continue
      try {
        return { index: candidate, image: await this.#load(candidate, draw) }
      } catch (error) {
        if (!(error instanceof CodedError)) throw error
        if (!this.#bad.has(key)) this.#onBad(candidate, error)
        this.#bad.add(key)
      }
    }
    const images = new Set(this.#samples.map(({ path }) => path)).size
    throw new CodedError('DATA_IMAGE_NONE', `None of the ${images} training images can be read`)
  }

  #load(index: number, draw: number): Promise<RgbImage> {
    const sample = this.#samples[index]
    const tile = sample.tiles?.[Math.floor(draw * sample.tiles.length)]
    const key = keyOf(sample) + (tile ? ` ${tile.x} ${tile.y} ${tile.width} ${tile.height}` : '')
    const entry = this.#entries.get(key) ?? this.#decode(index, tile, key)
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.image
  }

  #decode(index: number, tile: Tile | undefined, key: string) {
    const { path, width, height } = this.#samples[index]
    const size = { width, height }
    const image =
      tile || width * height > MAX_PIXELS ? this.#read(path, size, tile) : decodeLabelled({ path, size })
    const entry = { image, bytes: 0 }
    entry.image.then(
      (image) => {
        // A tile may show nothing but the night.
        if (!tile && isBlack(image)) this.#onBlack(index)
        entry.bytes = image.data.byteLength
        this.#bytes += entry.bytes
        this.#evict()
      },
      () => this.#entries.delete(key),
    )
    return entry
  }

  async #read(path: string, size: Size, tile: Tile | undefined): Promise<RgbImage> {
    requireSize(path, await this.#regions.size(path), size)
    if (!tile) return this.#regions.readReduced(path)
    const { x, y, width, height } = tile
    return this.#regions.read(path, { left: x, top: y, width, height })
  }

  #evict(): void {
    for (const [key, { bytes }] of this.#entries) {
      if (this.#bytes <= this.#limit) return
      if (bytes === 0) continue
      this.#entries.delete(key)
      this.#bytes -= bytes
    }
  }
}

/** Identifies the file and the size that its labels are for, because a picture of another size cannot be used. */
const keyOf = ({ path, width, height }: TrainingSample): string => `${width}×${height} ${path}`
