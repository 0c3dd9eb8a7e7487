/** The objects of an image as PolarMask learns them. An object of which only the box is known has the box for its outline. */
import type { Size } from '../../geometry/box.ts'
import type { Ring } from '../../geometry/polygon.ts'
import { rleOfRings } from '../../geometry/rle.ts'
import type { ObjectDetails } from '../assigner.ts'
import { maskOfOutline } from '../shared/object-masks.ts'
import type { PolarObject } from './targets.ts'

export function polarObjects(input: Size, boxes: Float32Array, { outlines }: ObjectDetails): PolarObject[] {
  return Array.from({ length: boxes.length / 4 }, (_, gt) => {
    const [x1, y1, x2, y2] = boxes.subarray(gt * 4, gt * 4 + 4) as unknown as [number, number, number, number]
    const rings: readonly Ring[] = outlines?.[gt] ?? [[x1, y1, x2, y1, x2, y2, x1, y2]]
    const mask = maskOfOutline(rings, input) ?? rleOfRings([], input.width, input.height)
    return { box: [x1, y1, x2, y2], mask, polygons: rings }
  })
}
