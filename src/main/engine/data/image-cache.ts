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
  readonly #samples: readonly TrainingSample[]
  readonly #limit: number
  readonly #onBad: (index: number, error: CodedError) => void
  readonly #onBlack: (index: number) => void
  /** In order of use, oldest first. Decoding in progress is in it too, so that no image is decoded twice at a time. */
  readonly #entries = new Map<number, { readonly image: Promise<RgbImage>; bytes: number }>()
  readonly #bad = new Set<number>()
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

  /**
   * The image, or the next usable one of the data set, whichever worker asks and whenever.
   * @throws CodedError DATA_IMAGE_NONE when no image can be used
   */
  async find(index: number): Promise<Found> {
    const count = this.#samples.length
    for (let k = 0; k < count; k++) {
      const candidate = (index + k) % count
      if (this.#bad.has(candidate)) continue
      try {
        return { index: candidate, image: await this.#load(candidate) }
      } catch (error) {
        if (!(error instanceof CodedError)) throw error
        if (!this.#bad.has(candidate)) this.#onBad(candidate, error)
        this.#bad.add(candidate)
      }
    }
    throw new CodedError('DATA_IMAGE_NONE', `None of the ${count} training images can be read`)
  }

  #load(index: number): Promise<RgbImage> {
    const entry = this.#entries.get(index) ?? this.#decode(index)
    this.#entries.delete(index)
    this.#entries.set(index, entry)
    return entry.image
  }

  #decode(index: number) {
    const { path, width, height } = this.#samples[index]
    const entry = { image: decodeLabelled({ path, size: { width, height } }), bytes: 0 }
    entry.image.then(
      (image) => {
        if (isBlack(image)) this.#onBlack(index)
        entry.bytes = image.data.byteLength
        this.#bytes += entry.bytes
        this.#evict()
      },
      () => this.#entries.delete(index),
    )
    return entry
  }

  #evict(): void {
    for (const [index, { bytes }] of this.#entries) {
      if (this.#bytes <= this.#limit) return
      if (bytes === 0) continue
      this.#entries.delete(index)
      this.#bytes -= bytes
    }
  }
}
