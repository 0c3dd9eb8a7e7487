/**
 * Composes one training input: which images it shows, where each lies, with which colours. All random numbers are drawn
 * here, in a fixed order, so that an input depends on its seed alone and not on when its images were decoded.
 */

import type { AugmentConfig } from '../../../../core/contract/augmentation.ts'
import type { InputConfig } from '../../../../core/detectors/model-config.ts'
import type { Size } from '../../../../core/geometry/box.ts'
import { resizedSize } from '../../../../core/pyramid/input-size.ts'
import { type Random, shuffle } from '../../../../core/random.ts'
import { type ColourShift, drawColour } from './colour.ts'
import { drawPlacement, type Placement, type Region } from './geometry.ts'

/** How one image is drawn: placed, within its region. */
export interface Tile {
  readonly at: Placement
  readonly region: Region
  readonly colour: ColourShift
}

export interface SceneRules {
  readonly canvas: Size
  readonly input: InputConfig
  readonly augment: AugmentConfig
}

/**
 * The image itself, or it and three others for a mosaic.
 * @param images how many the data set has
 * @param progress share of the training run that is over, [0, 1)
 */
export function chooseImages(
  random: Random,
  index: number,
  images: number,
  augment: AugmentConfig,
  progress: number,
): number[] {
  const mosaic = random() < augment.mosaic && progress < augment.mosaicUntil
  if (!mosaic) return [index]
  return [index, ...Array.from({ length: 3 }, () => Math.floor(random() * images))]
}

/** One tile per image: the whole canvas for one, a quarter each for four. */
export function arrange(random: Random, sources: readonly Size[], rules: SceneRules): Tile[] {
  const { canvas, input, augment } = rules
  const alone = sources.length === 1
  const regions = alone ? [whole(canvas)] : shuffle(quarters(random, canvas), random)
  return sources.map((source, k) => {
    const resized = fitInto(canvas, resizedSize(source, input))
    // In a mosaic, scale between full size, at which objects keep their scale, and half, at which a whole image
    // fits a quarter.
    const factor = alone ? 1 : 0.5 ** random()
    const at = drawPlacement(random, source, resized, regions[k], augment, factor)
    return { at, region: regions[k], colour: drawColour(random, augment) }
  })
}

/** Detection's size, or less where the image would not fit the canvas in both directions. */
function fitInto(canvas: Size, { width, height }: Size): Size {
  const f = Math.min(1, canvas.width / width, canvas.height / height)
  return { width: Math.max(1, Math.round(width * f)), height: Math.max(1, Math.round(height * f)) }
}

const whole = ({ width, height }: Size): Region => ({ x: [0, width], y: [0, height] })

/** Divides the canvas into four at a random point near its middle. */
function quarters(random: Random, { width, height }: Size): Region[] {
  const cut = (length: number) => Math.round(length * (0.3 + 0.4 * random()))
  const [x, y] = [cut(width), cut(height)]
  const columns: Region['x'][] = [
    [0, x],
    [x, width],
  ]
  const rows: Region['y'][] = [
    [0, y],
    [y, height],
  ]
  return rows.flatMap((rowSpan) => columns.map((columnSpan) => ({ x: columnSpan, y: rowSpan })))
}
