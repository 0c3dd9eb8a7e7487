/** Decoded training images, least recently used out first, with bad files replaced. */
import { CodedError } from '../../../core/errors.ts'
import type { RgbImage } from '../../images/decode.ts'
import { decodeLabelled, isBlack } from './labelled-image.ts'
import type { TrainingSample } from './samples.ts'

export interface Found {
  /** The index asked for, or that of its replacement. */
  readonly index: number
  readonly image: RgbImage
}

export class ImageCache {
  #samples: readonly TrainingSample[]
  readonly #limit: number
  readonly #onBad: (index: number, error: CodedError) => void
  readonly #onBlack: (index: number) => void
  /**
   * Keyed by the sample's image, least recently used first. It includes images that are being decoded, so that none
   * is decoded twice at a time.
   */
  readonly #entries = new Map<string, { readonly image: Promise<RgbImage>; bytes: number }>()
  readonly #bad = new Set<string>()
  #bytes = 0

  /**
   * @param onBad called once per image that cannot be used
   * @param onBlack called for images that are all but black, as 12 bits in a file of 16 are
   */
  constructor(
    samples: readonly TrainingSample[],
    limitBytes: number,
    onBad: (index: number, error: CodedError) => void,
    onBlack: (index: number) => void = () => {},
  ) {
    this.#samples = samples
    this.#limit = limitBytes
    this.#onBad = onBad
    this.#onBlack = onBlack
  }

  /** Replaces the samples. Decoded images are kept. */
  replace(samples: readonly TrainingSample[]): void {
    this.#samples = samples
  }

  /**
   * The image, or the next usable one of the data set, whichever worker asks and whenever.
   * @throws CodedError DATA_IMAGE_NONE when no image can be used
   */
  async find(index: number): Promise<Found> {
    const count = this.#samples.length
    for (let k = 0; k < count; k++) {
      const candidate = (index + k) % count
      const key = keyOf(this.#samples[candidate])
      if (this.#bad.has(key)) continue
      try {
        return { index: candidate, image: await this.#load(candidate) }
      } catch (error) {
        if (!(error instanceof CodedError)) throw error
        if (!this.#bad.has(key)) this.#onBad(candidate, error)
        this.#bad.add(key)
      }
    }
    throw new CodedError('DATA_IMAGE_NONE', `None of the ${count} training images can be read`)
  }

  #load(index: number): Promise<RgbImage> {
    const key = keyOf(this.#samples[index])
    const entry = this.#entries.get(key) ?? this.#decode(index, key)
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.image
  }

  #decode(index: number, key: string) {
    const { path, width, height } = this.#samples[index]
    const entry = { image: decodeLabelled({ path, size: { width, height } }), bytes: 0 }
    entry.image.then(
      (image) => {
        if (isBlack(image)) this.#onBlack(index)
        entry.bytes = image.data.byteLength
        this.#bytes += entry.bytes
        this.#evict()
      },
      () => this.#entries.delete(key),
    )
    return entry
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
