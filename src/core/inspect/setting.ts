/** An image's boxes and locations as the network sees them at some input size. */

import type { Assignment, ObjectDetails } from '../detectors/assigner.ts'
import { detectorOf } from '../detectors/detectors.ts'
import type { AssignmentRules } from '../detectors/fcos/config.ts'
import { FCOS } from '../detectors/fcos/index.ts'
import type { Annotation, DatasetImage } from '../formats/dataset.ts'
import type { BoxXyxy, Size } from '../geometry/box.ts'
import type { Ring } from '../geometry/polygon.ts'
import type { Segmentation } from '../geometry/segmentation.ts'
import { segmentationRings } from '../geometry/shape.ts'
import { paddedSize, resizedSize, type SizeRule } from '../pyramid/input-size.ts'
import type { Pyramid } from '../pyramid/levels.ts'

/** How large images are and which locations learn a box. */
export interface InputSetting {
  /** As in ModelConfig: left out for FCOS. */
  readonly detector?: string | undefined
  readonly input: SizeRule
  /** The detector's own: the `assignment` of its configuration. */
  readonly rules: unknown
}

/** FCOS's rules, which alone have a radius, ranges and areas to try others of; null for other detectors. */
export const fcosRules = (setting: InputSetting): AssignmentRules | null =>
  detectorOf(setting) === FCOS ? (setting.rules as AssignmentRules) : null

/** An annotation and its index among those of its image. */
export type IndexedAnnotation = readonly [index: number, annotation: Annotation]

/** The annotations that are targets: all but crowd regions. */
export const targetAnnotations = ({ annotations }: DatasetImage): IndexedAnnotation[] =>
  [...annotations.entries()].filter(([, { crowd }]) => !crowd)

/** Whether the size of the image is known, without which nothing can be said about its boxes. */
export const isSized = ({ width, height }: Size): boolean => width > 0 && height > 0

/** Boxes of an image of the given size, in pixels of the network's input: [N·4] x1, y1, x2, y2. */
export function inputBoxes(image: Size, boxes: readonly BoxXyxy[], input: SizeRule): Float32Array {
  const { width, height } = resizedSize(image, input)
  const [x, y] = [width / image.width, height / image.height]
  const scaled = new Float32Array(boxes.length * 4)
  for (const [gt, box] of boxes.entries()) {
    scaled[gt * 4] = box[0] * x
    scaled[gt * 4 + 1] = box[1] * y
    scaled[gt * 4 + 2] = box[2] * x
    scaled[gt * 4 + 3] = box[3] * y
  }
  return scaled
}

const ringsOf = new WeakMap<object, { readonly key: string; readonly rings: readonly Ring[] }>()

/**
 * Outlines of an image's objects in pixels of the network's input, made when they are asked for. An outline that nothing changed keeps
 * its identity, so that what is made of it can be kept.
 */
export function inputDetails(
  image: Size,
  segmentations: readonly (Segmentation | null | undefined)[],
  input: SizeRule,
): Pick<ObjectDetails, 'outlines'> {
  return {
    get outlines() {
      if (segmentations.every((one) => !one)) return undefined
      const { width, height } = resizedSize(image, input)
      const [x, y] = [width / image.width, height / image.height]
      const key = `${x} ${y}`
      return segmentations.map((segmentation) => {
        if (!segmentation) return null
        const known = ringsOf.get(segmentation)
        if (known?.key === key) return known.rings
        const rings = segmentationRings(segmentation).map((ring) =>
          ring.map((v, i) => v * (i % 2 === 0 ? x : y)),
        )
        ringsOf.set(segmentation, { key, rings })
        return rings
      })
    },
  }
}

/** The pyramid over an image of the given size, padding included. */
export const inputPyramid = (image: Size, setting: InputSetting): Pyramid =>
  detectorOf(setting).grid(paddedSize(resizedSize(image, setting.input)), { assignment: setting.rules })

/** Which of its cells learn which of `boxes` [N·4], which are in pixels of the input. */
export const assignmentOf = (
  setting: InputSetting,
  grid: Pyramid,
  boxes: Float32Array,
  details?: ObjectDetails,
): Assignment => detectorOf(setting).assigner.over(grid, setting.rules, boxes, details)

/** inputPyramid, with something made for each and its number of cells: one per size of input, of which a data set has few. */
export function perInputSize<T>(
  setting: InputSetting,
  make: (layout: Pyramid, cells: number) => T,
): (image: Size) => { readonly layout: Pyramid; readonly made: T } {
  const known = new Map<string, { layout: Pyramid; made: T }>()
  return (image) => {
    const { width, height } = paddedSize(resizedSize(image, setting.input))
    const key = `${width}×${height}`
    let found = known.get(key)
    if (!found) {
      const layout = inputPyramid(image, setting)
      const cells = layout.locations * detectorOf(setting).cellsPerLocation
      found = { layout, made: make(layout, cells) }
      known.set(key, found)
    }
    return found
  }
}
