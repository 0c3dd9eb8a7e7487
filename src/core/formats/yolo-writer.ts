import { stringify } from 'yaml'
import { isPolygons } from '../geometry/segmentation.ts'
import type { Annotation, DatasetImage, DatasetStream } from './dataset.ts'
import type { ProblemLog } from './problems.ts'
import { enlist, type Lists, labelFiles, type Writer } from './writer.ts'

/**
 * A label file for every image (empty where it shows nothing), mostly `labels/NAME.txt`; `data.yaml`, `classes.txt`
 * and one list of images for each split. Images belong in `images`. Classes are numbered from 0 in the data set's order.
 *
 * If any object of the data set has a polygon, all are written as polygons, boxes by their corners: readers take a
 * data set for one or the other. Coordinates are cut at the image's border, because readers drop images that go beyond.
 */
export const writeYolo: Writer = function* (dataset, survey, log) {
  const polygons = survey.with('polygons') > survey.with('pieces')
  const lists: Lists = new Map()
  const classOf = new Map(dataset.categories.map(({ id }, index) => [id, index]))
  for (const [image, stem] of labelFiles(dataset, log)) {
    if (image.width === 0) {
      log.skip(image.fileName, 'YOLO coordinates are fractions of the image size, which is unknown')
      continue
    }
    const lines = image.annotations.flatMap((annotation, index) => {
      const shape = toShape(annotation, index, image, polygons, log)
      if (shape === undefined) return []
      const score = annotation.score === undefined ? [] : [annotation.score]
      return `${[classOf.get(annotation.categoryId), ...shape, ...score].join(' ')}\n`
    })
    yield { path: labelPath(stem), text: lines.join('') }
    enlist(image, lists)
  }
  yield* indexFiles(dataset, lists, polygons)
}

/** Where readers look for the labels of `images/NAME`: they take the last folder of that name for one named `labels`. */
const labelPath = (stem: string): string =>
  `${`/images/${stem}`.replace(/^(.*)\/images\//s, '$1/labels/').slice(1)}.txt`

/**
 * Names in double quotes on one line are text for every reader. Without quotes, readers of YAML 1.1 take on, 12:30,
 * 1_000, 2024-01-01 and others for values of other types.
 */
const YAML = { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 } as const

function* indexFiles({ categories }: DatasetStream, lists: Lists, polygons: boolean): ReturnType<Writer> {
  for (const [split, files] of lists) {
    yield { path: `${split}.txt`, text: files.map((file) => `./images/${file}\n`).join('') }
  }
  const names = categories.map(({ name }) => name)
  const listed = Object.fromEntries([...lists.keys()].map((split) => [split, `${split}.txt`]))
  // Readers require both train and val. Without `path` they take the paths as relative to this file.
  const train = listed.train ?? 'images'
  // A polygon of few corners could also be a box with keypoints.
  const task = polygons && { task: 'segment' }
  const config = { train, val: train, ...listed, ...task, names: new Map(names.entries()) }
  yield { path: 'data.yaml', text: stringify(config, YAML) }
  yield { path: 'classes.txt', text: names.map((name) => `${name}\n`).join('') }
}

function toShape(
  annotation: Annotation,
  index: number,
  image: DatasetImage,
  polygons: boolean,
  log: ProblemLog,
): number[] | undefined {
  const where = `annotation ${index + 1}`
  if (annotation.crowd) {
    log.problems.push({ file: image.fileName, where, reason: 'YOLO has no crowd regions', action: 'skipped' })
    return undefined
  }
  const clamp = (v: number, size: number): number => Math.min(Math.max(v, 0), size)
  const [x1, y1, x2, y2] = annotation.box
  const corners = [x1, y1, x2, y1, x2, y2, x1, y2]
  const inside = annotation.box.map((v, i) => clamp(v, i % 2 === 0 ? image.width : image.height))
  const [left, top, right, bottom] = inside as [number, number, number, number]
  if (left >= right || top >= bottom) {
    log.problems.push({
      file: image.fileName,
      where,
      reason: 'the box is outside the image',
      action: 'skipped',
    })
    return undefined
  }
  if (inside.some((v, i) => Math.abs(v - annotation.box[i]!) > ROUNDING)) {
    log.problems.push({
      file: image.fileName,
      where,
      reason: 'cut at the border of the image',
      action: 'repaired',
    })
  }
  if (polygons) {
    return (singlePolygon(annotation) ?? corners).map((v, i) => {
      const size = i % 2 === 0 ? image.width : image.height
      return fraction(clamp(v, size), size)
    })
  }
  return [
    fraction((left + right) / 2, image.width),
    fraction((top + bottom) / 2, image.height),
    fraction(right - left, image.width),
    fraction(bottom - top, image.height),
  ]
}

/**
 * Boxes that exceed the border by up to this many pixels do so because of rounding by the program that wrote them.
 */
const ROUNDING = 0.01

/** Twelve decimals: 10⁻⁶ px in the largest images, without the noise of the last bits. */
const fraction = (value: number, size: number): number => Number((value / size).toFixed(12))

/** The outline of an object of one part; a line of YOLO cannot hold several. */
function singlePolygon({ segmentation }: Annotation): readonly number[] | undefined {
  return isPolygons(segmentation) && segmentation.length === 1 ? segmentation[0] : undefined
}
