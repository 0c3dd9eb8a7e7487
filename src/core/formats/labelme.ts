/** LabelMe JSON (github.com/wkentaro/labelme), one document per image; the scores and attributes of X-AnyLabeling too. */
import { z } from 'zod'
import { CodedError } from '../errors.ts'
import type { BoxXyxy } from '../geometry/box.ts'
import { checkAttributes, checkBox, checkScore, cleanName, isSide } from './checks.ts'
import type { NamedObject } from './named.ts'
import { firstIssue, ProblemLog } from './problems.ts'
import { polygonBounds } from './segmentation.ts'

export interface LabelMeDocument {
  /** Relative to the document's folder, as written: it may lead out of it. */
  readonly imagePath: string | undefined
  /** 0 × 0 where the document does not say. */
  readonly width: number
  readonly height: number
  readonly objects: readonly NamedObject[]
}

const Document = z.object({
  shapes: z.array(z.unknown()),
  imagePath: z.string().nullish(),
  imageWidth: z.unknown().optional(),
  imageHeight: z.unknown().optional(),
})
const Shape = z.object({
  label: z.string(),
  points: z.array(z.tuple([z.number(), z.number()])),
  // LabelMe before 3.0 has no shape_type: all shapes are polygons.
  shape_type: z.string().default('polygon'),
  group_id: z.union([z.number(), z.string()]).nullish(),
  description: z.string().nullish(),
  flags: z.record(z.string(), z.unknown()).nullish(),
  attributes: z.record(z.string(), z.unknown()).nullish(),
  difficult: z.boolean().nullish(),
  score: z.number().nullish(),
})
type Shape = z.infer<typeof Shape>

/** True for JSON that is meant as a LabelMe document. */
export const isLabelMe = (json: unknown): boolean => Document.safeParse(json).success

/**
 * Reads one document. Polygons of one label and group are one object. Points and lines bound no area and are
 * skipped. Throws DATA_LABELME if the document has no list of shapes.
 */
export function parseLabelMe(json: unknown, file: string): { document: LabelMeDocument; log: ProblemLog } {
  const parsed = Document.safeParse(json)
  if (!parsed.success) {
    throw new CodedError('DATA_LABELME', `${file} is not a LabelMe file: ${firstIssue(parsed.error)}`)
  }
  const { shapes, imagePath, imageWidth: width, imageHeight: height } = parsed.data
  const log = new ProblemLog(file)
  const groups = new Map<string, { shapes: [Shape, ...Shape[]]; where: string }>()
  for (const [index, raw] of shapes.entries()) {
    const where = `shapes[${index}]`
    const shape = Shape.safeParse(raw)
    if (!shape.success) {
      log.skip(where, firstIssue(shape.error))
      continue
    }
    const { label, group_id, shape_type } = shape.data
    const key = group_id == null || shape_type !== 'polygon' ? where : JSON.stringify([label, group_id])
    const group = groups.get(key)
    if (group) group.shapes.push(shape.data)
    else groups.set(key, { shapes: [shape.data], where })
  }
  const objects = [...groups.values()].flatMap(({ shapes, where }) => readObject(shapes, where, log) ?? [])
  const size = isSide(width) && isSide(height) ? { width, height } : { width: 0, height: 0 }
  return { document: { imagePath: imagePath ?? undefined, ...size, objects }, log }
}

function readObject(shapes: [Shape, ...Shape[]], where: string, log: ProblemLog): NamedObject | undefined {
  const [first] = shapes
  const className = cleanName(first.label, where, log)
  const geometry = className === undefined ? undefined : readGeometry(shapes, where, log)
  const box = geometry && checkBox(geometry.box, where, log)
  if (className === undefined || box === undefined) return undefined
  const score = first.score == null ? undefined : checkScore(first.score, where, log)
  const { difficult, crowd, ...flags } = first.flags ?? {}
  const attributes = checkAttributes(
    { ...flags, ...first.attributes, ...(first.description && { description: first.description }) },
    where,
    log,
  )
  return {
    className,
    box,
    ...(crowd === true && { crowd }),
    ...((difficult === true || first.difficult) && { difficult: true }),
    ...(score !== undefined && { score }),
    ...(geometry?.polygons && { segmentation: geometry.polygons }),
    ...(attributes !== undefined && { attributes }),
  }
}

interface Geometry {
  readonly box: BoxXyxy
  readonly polygons?: number[][]
}

function readGeometry(
  shapes: readonly [Shape, ...Shape[]],
  where: string,
  log: ProblemLog,
): Geometry | undefined {
  const { shape_type: type, points } = shapes[0]
  const all = shapes.map((shape) => shape.points.flat())
  if (type === 'polygon' && all.every((polygon) => polygon.length >= 6)) {
    return { box: polygonBounds(all), polygons: all }
  }
  if (type === 'rectangle' && (points.length === 2 || points.length === 4)) {
    const [[x1, y1], [x2, y2]] = points as [[number, number], [number, number]]
    return { box: points.length === 2 ? [x1, y1, x2, y2] : polygonBounds(all) }
  }
  if (type === 'mask' && points.length === 2) {
    log.mend(where, 'the mask is left out, its box is kept')
    return { box: polygonBounds(all) }
  }
  if (type === 'circle' && points.length === 2) {
    const [[x, y], [edgeX, edgeY]] = points as [[number, number], [number, number]]
    const radius = Math.hypot(edgeX - x, edgeY - y)
    return { box: [x - radius, y - radius, x + radius, y + radius] }
  }
  log.skip(where, `a ${type} of ${points.length} points has no box`)
  return undefined
}
