import type { BoxFilter } from '../../../core/contract/studio/report.ts'
import type { Representability } from '../../../core/detectors/polarmask/representability.ts'
import type { ImageInspection } from '../../../core/inspect/image.ts'
import { SIZE_CLASSES, sizeClass } from '../../../core/inspect/report.ts'
import type { InputSetting } from '../../../core/inspect/setting.ts'
import { type BoxShape, boxShape } from '../../../core/inspect/shapes.ts'
import { resizedSize } from '../../../core/pyramid/input-size.ts'
import { LEVEL_NAMES } from '../../../core/pyramid/levels.ts'
import { outlineOf } from './outlines.ts'

type Test = (found: ImageInspection, gt: number) => boolean
type Range = NonNullable<BoxFilter['side']>

/** Whether all that a filter asks for holds for box `gt` of an inspected image. */
export function boxFilter(filter: BoxFilter, { input }: InputSetting): Test {
  const { classId, sizeClass: size, level, positives, side, aspect, cell, outlineIou, outlineLoss } = filter
  const tests: Test[] = []
  const shaped = (test: (shape: BoxShape) => boolean): void => {
    tests.push(({ boxes, image }, gt) => {
      const shape = boxShape(boxes, gt, resizedSize(image, input))
      return shape !== undefined && test(shape)
    })
  }
  if (classId !== undefined) tests.push(({ targets }, gt) => targets[gt]![1].categoryId === classId)
  if (size) tests.push(({ targets }, gt) => SIZE_CLASSES[sizeClass(targets[gt]![1])]!.name === size)
  if (level) {
    // P2 is the only level where there is one, and so the first.
    const at = level === 'P2' ? 0 : LEVEL_NAMES.indexOf(level)
    tests.push(({ shares }, gt) => shares.perLevel[gt * LEVEL_NAMES.length + at]! > 0)
  }
  if (positives) {
    const { from, to } = positives
    tests.push(({ shares }, gt) => {
      const count = shares.positives[gt]!
      return count >= (from ?? 0) && count <= (to ?? Number.POSITIVE_INFINITY)
    })
  }
  if (side) shaped((shape) => isIn(side, shape.side))
  if (aspect) shaped((shape) => isIn(aspect, shape.aspect))
  if (cell !== undefined) shaped((shape) => shape.cell === cell)
  const outlined = (test: (outline: Representability) => boolean): void => {
    tests.push(({ image, targets, boxes }, gt) => {
      const outline = outlineOf(image, targets, boxes, input, gt)
      return outline !== null && test(outline)
    })
  }
  if (outlineIou) outlined(({ fromCentroid }) => isIn(outlineIou, fromCentroid))
  if (outlineLoss) outlined(({ losses }) => losses.includes(outlineLoss))
  return (found, gt) => tests.every((test) => test(found, gt))
}

const isIn = ({ from, to }: Range, value: number): boolean =>
  value >= (from ?? Number.NEGATIVE_INFINITY) && value < (to ?? Number.POSITIVE_INFINITY)
