/** How much variation suits a data set's size. */
import type { AugmentConfig } from '../contract/augmentation.ts'

/** Pixels exactly as in detection. */
export const NO_AUGMENTATION: AugmentConfig = {
  hflip: 0,
  vflip: 0,
  scale: [1, 1],
  placement: 'corner',
  minVisible: 0,
  brightness: 0,
  contrast: 0,
  saturation: 0,
  hue: 0,
  mosaic: 0,
  mosaicUntil: 0,
}

/**
 * Preset for a number of training images. Few images bear mild changes only, since a short run on a nearly frozen network
 * cannot learn a wider distribution; large-scale jitter (arXiv 2012.07177) and mosaic pay with more images and steps.
 */
export function augmentFor(images: number): AugmentConfig {
  const mild: AugmentConfig = {
    hflip: 0.5,
    vflip: 0,
    scale: [0.8, 1.2],
    placement: 'random',
    minVisible: 0.3,
    brightness: 0.2,
    contrast: 0.2,
    saturation: 0.2,
    hue: 0.02,
    mosaic: 0,
    mosaicUntil: 0.8,
  }
  if (images < 50) return mild
  if (images < 200) return { ...mild, scale: [0.8, 1.25], mosaic: 0.3 }
  return { ...mild, scale: [0.5, 2], mosaic: 0.5 }
}
