/**
 * Images to one batch of network input, as torchvision's GeneralizedRCNNTransform makes it (fixture-checked against
 * 0.29.1): normalise, resize so that the short side is shortSide unless the long side would pass longSide, and pad at the
 * right and bottom with 0, which after normalising is the mean colour.
 */
import type { InputConfig } from '../../../core/detectors/model-config.ts'
import type { Size } from '../../../core/geometry/box.ts'
import { paddedSize, resizedSize } from '../../../core/pyramid/input-size.ts'
import type { RgbImage } from '../../images/decode.ts'
import { normalise } from './pixels.ts'
import { drawImage } from './resample.ts'

export interface NetworkInput {
  /** [N, height, width, 3] float32. */
  readonly images: Float32Array
  /** Padded size, shared by the batch. */
  readonly height: number
  readonly width: number
  /** Per image: its resized size inside the padding, to which boxes are clipped, … */
  readonly sizes: readonly Size[]
  /** … and the factors that take its box coordinates back to source pixels (float32 ratios, as in torchvision). */
  readonly scales: readonly { readonly x: number; readonly y: number }[]
}

/** Prepares one or more images. */
export function preprocess(sources: readonly RgbImage[], input: InputConfig): NetworkInput {
  const sizes = sources.map((image) => resizedSize(image, input))
  const { width, height } = paddedSize({
    width: Math.max(...sizes.map((size) => size.width)),
    height: Math.max(...sizes.map((size) => size.height)),
  })
  const pixels = height * width * 3
  const images = new Float32Array(sources.length * pixels)
  const map = normalise(input)
  sources.forEach((image, n) => {
    const canvas = { width, height, data: images.subarray(n * pixels, (n + 1) * pixels) }
    const at = {
      x: { source: image.width, length: sizes[n].width, offset: 0, flip: false },
      y: { source: image.height, length: sizes[n].height, offset: 0, flip: false },
    }
    drawImage(canvas, image, at, { x: [0, width], y: [0, height] }, map)
  })
  const scales = sources.map((image, n) => ({
    x: Math.fround(image.width / sizes[n].width),
    y: Math.fround(image.height / sizes[n].height),
  }))
  return { images, height, width, sizes, scales }
}
