/**
 * YOLO txt labels (docs.ultralytics.com/datasets/detect and /segment): one line per object, all numbers relative
 * to the image's width and height. `class cx cy w h [score]` is a box, `class x1 y1 x2 y2 x3 y3 … [score]` a polygon.
 */
import type { BoxXyxy, Size } from '../geometry/box.ts'
import { checkBox, checkScore } from './checks.ts'
import type { Annotation, Category } from './dataset.ts'
import { toNumber } from './lines.ts'
import { ProblemLog } from './problems.ts'
import { polygonBounds } from './segmentation.ts'

/** Tools write rounded numbers a little over 1; beyond this they are pixels or garbage. */
const SLACK = 0.01

/**
 * Reads the labels of one image of the given size in px. Lines that cannot be used are reported.
 * Category ids are the classes' numbers, from 0.
 */
export function parseYolo(
  text: string,
  file: string,
  size: Size,
  categories: readonly Category[],
): { annotations: Annotation[]; log: ProblemLog } {
  const log = new ProblemLog(file)
  const known = new Set(categories.map((category) => category.id))
  const annotations: Annotation[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const where = `line ${index + 1}`
    const fields = line.trim().split(/\s+/)
    if (fields[0] === '') continue
    const [categoryId, ...numbers] = fields.map(toNumber) as [number, ...number[]]
    if (!known.has(categoryId)) {
      log.skip(where, `there is no class ${fields[0]}; the data set has ${known.size}`)
      continue
    }
    const annotation = readShape(numbers, size, where, log)
    if (annotation !== undefined) annotations.push({ categoryId, ...annotation })
  }
  return { annotations, log }
}

function readShape(
  numbers: readonly number[],
  { width, height }: Size,
  where: string,
  log: ProblemLog,
): Omit<Annotation, 'categoryId'> | undefined {
  const count = numbers.length
  if (count < 4) {
    log.skip(where, `${count} numbers after the class; a box has 4`)
    return undefined
  }
  // An odd count has a score at its end: 4 + 1 for a box, 2n + 1 for a polygon of n corners.
  const scored = count % 2 === 1
  const shape = scored ? numbers.slice(0, -1) : numbers
  if (!shape.every((v) => v >= -SLACK && v <= 1 + SLACK)) {
    log.skip(where, 'the numbers are not fractions of the image size, between 0 and 1')
    return undefined
  }
  const polygon =
    shape.length > 4 ? shape.map((v, i) => toPixels(v, i % 2 === 0 ? width : height)) : undefined
  const box = checkBox(polygon ? polygonBounds([polygon]) : fromCentre(shape, width, height), where, log)
  if (box === undefined) return undefined
  const score = scored ? checkScore(numbers.at(-1)!, where, log) : undefined
  return {
    box,
    ...(score !== undefined && { score }),
    ...(polygon && !isRectangle(polygon, box) && { segmentation: [polygon] }),
  }
}

function fromCentre(shape: readonly number[], width: number, height: number): BoxXyxy {
  const [cx, cy, w, h] = shape as [number, number, number, number]
  return [
    toPixels(cx - w / 2, width),
    toPixels(cy - h / 2, height),
    toPixels(cx + w / 2, width),
    toPixels(cy + h / 2, height),
  ]
}

/** To a millionth of a pixel: finer than any fraction as written, so that whole pixels come back whole. */
const toPixels = (fraction: number, size: number): number => Math.round(fraction * size * 1e6) / 1e6

/** True for the four corners of a box: what a box is in a file of polygons. */
const isRectangle = (polygon: readonly number[], [x1, y1, x2, y2]: BoxXyxy): boolean =>
  polygon.length === 8 && [x1, y1, x2, y1, x2, y2, x1, y2].every((corner, i) => polygon[i] === corner)
