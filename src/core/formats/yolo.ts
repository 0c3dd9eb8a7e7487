/**
 * YOLO txt labels (docs.ultralytics.com/datasets/detect, /segment and /pose): one line per object, all numbers relative
 * to the image's width and height. `class cx cy w h [score]` is a box, `class x1 y1 x2 y2 x3 y3 … [score]` a polygon,
 * `class cx cy w h x1 y1 [v1] …` a box with keypoints. Nothing in a line says which of these it is.
 */
import type { BoxXyxy, Size } from '../geometry/box.ts'
import { polygonBounds } from '../geometry/polygon.ts'
import { checkBox, checkScore } from './checks.ts'
import type { Annotation, Category } from './dataset.ts'
import { toNumber } from './lines.ts'
import { mergeCategories } from './named.ts'
import { type Leftovers, ProblemLog } from './problems.ts'

/** Tools write rounded numbers a little over 1; beyond this they are pixels or garbage. */
const SLACK = 0.01

/** A file of labels as its lines: what stands for the class, and the numbers behind it. */
interface Line {
  readonly number: number
  readonly name: string
  readonly numbers: readonly number[]
}

function* linesOf(text: string): Generator<Line> {
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    const [name = '', ...rest] = line.trim().split(/\s+/)
    if (name !== '') yield { number: index + 1, name, numbers: rest.map(toNumber) }
  }
}

/** Whether a text has a line in the form of a YOLO label, whatever its numbers mean. */
export function hasYoloLine(text: string): boolean {
  for (const { name, numbers } of linesOf(text)) {
    if (/^\d+(\.0+)?$/.test(name) && numbers.length >= 4 && numbers.every(Number.isFinite)) return true
  }
  return false
}

/** What the numbers of a line are: a box, with more behind it; a polygon; or a reason why nobody can tell. */
type Meaning =
  | 'box'
  | 'box score'
  | 'score box'
  | 'box keypoints'
  | 'box keypoints score'
  | 'box rest'
  | 'polygon'
  | 'polygon score'
  | { readonly unclear: string }

/** Points and numbers per point, as `kpt_shape` in data.yaml has them. */
export type KeypointShape = readonly [points: number, numbers: number]

/**
 * Decides from all lines of a data set what a line of so many numbers means, since one alone does not say it: outlines
 * have corners in varying number, keypoints always the same number, and inside their box.
 */
export class YoloGrammar {
  readonly #meanings = new Map<number, Meaning>()

  constructor(texts: Iterable<string>, known?: KeypointShape | 'polygons') {
    const byCount = new Map<number, (readonly number[])[]>()
    for (const text of texts) {
      for (const { numbers } of linesOf(text)) {
        const lines = byCount.get(numbers.length)
        if (lines === undefined) byCount.set(numbers.length, [numbers])
        // Number of lines that suffice for this decision.
        else if (lines.length < 5000) lines.push(numbers)
      }
    }
    this.#meanings.set(4, 'box')
    const scored = byCount.get(5)
    if (scored) this.#meanings.set(5, ofFive(scored))
    const count = Array.isArray(known) ? 4 + known[0] * known[1] : undefined
    const long = [...byCount].filter(([length]) => length > 5)
    const corners = new Set(long.map(([length]) => length >> 1))
    for (const [length, lines] of long) {
      if (count !== undefined && (length === count || length === count + 1)) {
        this.#meanings.set(length, length === count ? 'box keypoints' : 'box keypoints score')
      } else
        this.#meanings.set(
          length,
          corners.size > 1 || known === 'polygons' ? ofPolygon(length) : ofMany(length, lines),
        )
    }
  }

  meaningOf(count: number): Meaning {
    return this.#meanings.get(count) ?? (count === 5 ? 'box score' : ofPolygon(count))
  }
}

// An odd count has a score at its end: 2n + 1 for a polygon of n corners.
const ofPolygon = (count: number): Meaning => (count % 2 === 1 ? 'polygon score' : 'polygon')

function ofFive(lines: readonly (readonly number[])[]): Meaning {
  if (lines.some((line) => line[4]! > 1 && isBox(line))) return 'box rest'
  if (lines.every((line) => isBox(line))) return 'box score'
  return lines.every((line) => isBox(line.slice(1)) && line[0]! >= 0 && line[0]! <= 1)
    ? 'score box'
    : 'box score'
}

/** All lines have this many numbers, or one more. */
function ofMany(count: number, lines: readonly (readonly number[])[]): Meaning {
  if (!lines.every(isBox)) return ofPolygon(count)
  const rest = count - 4
  if (lines.some((line) => line.slice(4).some((v) => v > 2 + SLACK))) return 'box rest'
  if (rest % 3 === 0 && lines.every((line) => hasPoints(line, 3))) {
    const marked = lines.every((line) =>
      line.every((v, i) => i < 4 || (i - 4) % 3 < 2 || Number.isInteger(v)),
    )
    if (marked || rest > 6) return 'box keypoints'
  }
  if (lines.some((line) => line.slice(4).some((v) => v > 1 + SLACK))) return 'box rest'
  if (count === 8 && lines.every(isConvex)) return 'polygon'
  const mayBeKeypoints = rest % 2 === 0 && lines.every((line) => hasPoints(line, 2))
  if (!mayBeKeypoints && count > 7) return ofPolygon(count)
  const other = mayBeKeypoints ? `${rest / 2} keypoints` : `${rest} other numbers`
  const unclear = `${count} numbers can be a polygon of ${count >> 1} corners, or a box with ${other}`
  return { unclear: `${unclear}; kpt_shape in data.yaml tells which` }
}

/** The first four are a box in the image. */
function isBox([cx, cy, w, h]: readonly number[]): boolean {
  const inside = (centre: number, side: number): boolean =>
    side > 0 && centre - side / 2 >= -2 * SLACK && centre + side / 2 <= 1 + 2 * SLACK
  return inside(cx!, w!) && inside(cy!, h!)
}

/** What follows the box are points in it, or 0 0 for those that are not labelled. */
function hasPoints(line: readonly number[], numbers: 2 | 3): boolean {
  const [cx, cy, w, h] = line as [number, number, number, number]
  for (let i = 4; i < line.length; i += numbers) {
    const [x, y] = [line[i]!, line[i + 1]!]
    const isIn = Math.abs(x - cx) <= w / 2 + 0.05 && Math.abs(y - cy) <= h / 2 + 0.05
    if (!isIn && (x !== 0 || y !== 0)) return false
    if (numbers === 3 && !(line[i + 2]! >= 0 && line[i + 2]! <= 2)) return false
  }
  return true
}

/** The four corners of a rectangle, turned or not, in their order. */
function isConvex(line: readonly number[]): boolean {
  const corner = (i: number): [number, number] => [line[(2 * i) % 8]!, line[(2 * i + 1) % 8]!]
  const turns = [0, 1, 2, 3].map((i) => {
    const [[x1, y1], [x2, y2], [x3, y3]] = [corner(i), corner(i + 1), corner(i + 2)]
    return (x2 - x1) * (y3 - y2) - (y2 - y1) * (x3 - x2)
  })
  return turns.every((turn) => turn > 0) || turns.every((turn) => turn < 0)
}

/**
 * Reads the labels of one image of the given size in px. Lines that cannot be used are reported.
 * Category ids are the classes' numbers, from 0; of classes that share a name, that of the first.
 */
export function parseYolo(
  text: string,
  file: string,
  size: Size,
  categories: readonly Category[],
  grammar = new YoloGrammar([text]),
  leftovers?: Leftovers,
): { annotations: Annotation[]; log: ProblemLog; dropped: number } {
  const log = new ProblemLog(file)
  const known = new Set(categories.map((category) => category.id))
  const { idOf } = mergeCategories(categories)
  const annotations: Annotation[] = []
  let dropped = 0
  for (const { number, name, numbers } of linesOf(text)) {
    const where = `line ${number}`
    const classNumber = toNumber(name)
    if (!known.has(classNumber)) {
      log.skip(where, `there is no class ${name}; the data set has ${known.size}`)
      dropped++
      continue
    }
    const annotation = readShape(numbers, size, grammar, where, log, leftovers)
    if (annotation === undefined) dropped++
    else annotations.push({ categoryId: idOf(classNumber), ...annotation })
  }
  return { annotations, log, dropped }
}

function readShape(
  numbers: readonly number[],
  { width, height }: Size,
  grammar: YoloGrammar,
  where: string,
  log: ProblemLog,
  leftovers: Leftovers | undefined,
): Omit<Annotation, 'categoryId'> | undefined {
  const count = numbers.length
  if (count < 4) {
    log.skip(where, `${count} numbers after the class; a box has 4`)
    return undefined
  }
  const meaning = grammar.meaningOf(count)
  if (typeof meaning === 'object') {
    log.skip(where, meaning.unclear)
    return undefined
  }
  const isPolygon = meaning.startsWith('polygon')
  const start = meaning.startsWith('score') ? 1 : 0
  const shape = isPolygon ? numbers.slice(0, count - (count % 2)) : numbers.slice(start, start + 4)
  if (!shape.every((v) => v >= -SLACK && v <= 1 + SLACK)) {
    log.skip(where, 'the numbers are not fractions of the image size, between 0 and 1')
    return undefined
  }
  const polygon = isPolygon ? shape.map((v, i) => toPixels(v, i % 2 === 0 ? width : height)) : undefined
  const box = checkBox(polygon ? polygonBounds([polygon]) : fromCentre(shape, width, height), where, log)
  if (box === undefined) return undefined
  const last = meaning.endsWith('score')
    ? numbers.at(-1)!
    : meaning.startsWith('score')
      ? numbers[0]!
      : undefined
  const score = last === undefined ? undefined : checkScore(last, where, log)
  if (meaning.startsWith('score'))
    log.repair(where, 'the first number is taken for the score, since boxes fit only so')
  if (meaning === 'box rest')
    log.repair(where, `what follows the box is left out: ${numbers.slice(4).join(' ')}`)
  if (meaning.startsWith('box keypoints')) leftovers?.add('keypoints', 'object')
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

/**
 * Rounds to a millionth of a pixel, which is finer than any written fraction, so that whole pixels are restored
 * exactly.
 */
const toPixels = (fraction: number, size: number): number => Math.round(fraction * size * 1e6) / 1e6

/** True for the four corners of a box: what a box is in a file of polygons. */
const isRectangle = (polygon: readonly number[], [x1, y1, x2, y2]: BoxXyxy): boolean =>
  polygon.length === 8 && [x1, y1, x2, y1, x2, y2, x1, y2].every((corner, i) => polygon[i] === corner)
