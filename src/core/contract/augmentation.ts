/** The random augmentation of training images. */
import { z } from 'zod'

const probability = z.number().min(0).max(1)
/** Half-width of a jitter: a factor is drawn uniformly from [1 − x, 1 + x]. */
const jitter = z.number().min(0).max(1)

export const AugmentConfig = z.strictObject({
  /** Probability of a horizontal flip. */
  hflip: probability,
  /** Probability of a vertical flip, for images without an up direction (microscopy, aerial images). */
  vflip: probability,
  /** Range of the factor on the scale that detection would use, drawn uniformly in its logarithm. */
  scale: z
    .tuple([z.number().positive(), z.number().positive()])
    .refine(([low, high]) => low <= high, 'the first factor is the lower one'),
  /**
   * Position of the scaled image on the canvas. corner: top left, as in detection. random: if it is larger, a uniformly
   * chosen window is cropped; if it is smaller, it is placed at a uniformly chosen position (large-scale jitter).
   */
  placement: z.enum(['corner', 'random']),
  /** A box stays a target if at least this share of the part inside its image is left after cropping. */
  minVisible: probability,
  brightness: jitter,
  contrast: jitter,
  saturation: jitter,
  /** Largest hue shift, in turns of the colour circle. */
  hue: z.number().min(0).max(0.5),
  /** Probability of a mosaic of four images. */
  mosaic: probability,
  /** Share of the run after which mosaics stop, so that training ends on whole images. */
  mosaicUntil: probability,
})
export type AugmentConfig = z.infer<typeof AugmentConfig>
