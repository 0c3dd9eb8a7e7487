/** LabelMe JSON (github.com/wkentaro/labelme), one document per image; the scores and attributes of X-AnyLabeling too. */
import { z } from 'zod'
import { CodedError } from '../errors.ts'
import type { BoxXyxy } from '../geometry/box.ts'
import { polygonBounds } from '../geometry/polygon.ts'
import { countOf } from '../words.ts'
import {
  checkAttributes,
  checkBox,
  checkFlag,
  checkScore,
  cleanName,
  isSide,
  numberIn,
  saysSomething,
} from './checks.ts'
import type { NamedObject } from './named.ts'
import { firstIssue, Leftovers, ProblemLog } from './problems.ts'

export interface LabelMeDocument {
  /** Relative to the document's folder, as written: it may lead out of it. */
  readonly imagePath: string | undefined
  /** 0 × 0 if the document does not state it. */
  readonly width: number
  readonly height: number
  readonly objects: readonly NamedObject[]
  /** Number of shapes, if none of them could be read. */
  readonly unreadable?: number
}

const Document = z.object({
  shapes: z.array(z.unknown()),
  imagePath: z.string().nullish().catch(undefined),
  imageWidth: z.unknown().optional(),
  imageHeight: z.unknown().optional(),
})
// Each field is checked by itself, so that an invalid one does not cost the object.
const Shape = z.looseObject({
  label: z.union([z.string(), z.number()]).transform(String),
  points: z.array(
    z.tuple([z.number(), z.number()], z.unknown()).transform(([x, y]): [number, number] => [x, y]),
  ),
  // LabelMe before 3.0 has no shape_type: all shapes are polygons.
  shape_type: z
    .string()
    .nullish()
    .transform((type) => type ?? 'polygon'),
})
type Shape = z.infer<typeof Shape>

const KNOWN = new Set(
  'label points shape_type group_id description flags attributes difficult score mask'.split(' '),
)

/** Whether a JSON document is meant to be a LabelMe document. */
export const isLabelMe = (json: unknown): boolean => Document.safeParse(json).success

/**
 * Reads one document. Polygons of one label and group are one object. Points and lines bound no area and are
 * skipped. Throws DATA_LABELME if the document has no list of shapes.
 */
export function parseLabelMe(
  json: unknown,
  file: string,
  leftovers = new Leftovers(),
): { document: LabelMeDocument; log: ProblemLog } {
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
    const isGrouped = group_id !== undefined && group_id !== null
    const key = isGrouped && shape_type === 'polygon' ? JSON.stringify([label, group_id]) : where
    if (isGrouped && shape_type !== 'polygon') leftovers.add('group', 'object')
    for (const [field, value] of Object.entries(shape.data)) {
      if (!KNOWN.has(field) && saysSomething(value) && value !== false) leftovers.add(field, 'object')
    }
    const group = groups.get(key)
    if (group) group.shapes.push(shape.data)
    else groups.set(key, { shapes: [shape.data], where })
  }
  const objects = [...groups.values()].flatMap(({ shapes, where }) => readObject(shapes, where, log) ?? [])
  const size = isSide(width) && isSide(height) ? { width, height } : { width: 0, height: 0 }
  const unreadable = objects.length === 0 && shapes.length > 0 ? { unreadable: shapes.length } : {}
  return { document: { imagePath: imagePath ?? undefined, ...size, objects, ...unreadable }, log }
}

function readObject(shapes: [Shape, ...Shape[]], where: string, log: ProblemLog): NamedObject | undefined {
  const [first] = shapes
  const className = cleanName(first.label, where, log)
  const geometry = className === undefined ? undefined : readGeometry(shapes, where, log)
  const box = geometry && checkBox(geometry.box, where, log)
  if (className === undefined || box === undefined) return undefined
  const score = saysSomething(first.score) ? checkScore(numberIn(first.score), where, log) : undefined
  const { difficult, crowd, ...flags } = valuesOf(first.flags, `${where}.flags`, log)
  const { description } = first
  const named = valuesOf(first.attributes, `${where}.attributes`, log)
  const attributes = checkAttributes(
    { ...flags, ...named, ...(saysSomething(description) && { description }) },
    where,
    log,
  )
  return {
    className,
    box,
    ...(crowd === true && { crowd }),
    ...((difficult === true || checkFlag(first.difficult, where, log)) && { difficult: true }),
    ...(score !== undefined && { score }),
    ...(geometry?.polygons && { segmentation: geometry.polygons }),
    ...(attributes !== undefined && { attributes }),
  }
}

/** Named values. Some tools write an empty list if there are none. */
function valuesOf(raw: unknown, where: string, log: ProblemLog): Readonly<Record<string, unknown>> {
  if (typeof raw === 'object' && raw !== null && !Array.isArray(raw)) return raw as Record<string, unknown>
  if (saysSomething(raw)) log.repair(where, 'these are not named values: left out')
  return {}
}

/** Kinds of shape whose points are the corners of an outline; rotated boxes are outlines of four. */
const OUTLINES = new Set(['polygon', 'rotation', 'oriented_rectangle', 'obb', 'quadrilateral'])

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
  if (OUTLINES.has(type) && all.every((polygon) => polygon.length >= 6)) {
    return { box: polygonBounds(all), polygons: all }
  }
  if (type === 'rectangle' && (points.length === 2 || points.length === 4)) {
    const [[x1, y1], [x2, y2]] = points as [[number, number], [number, number]]
    // The corners come in the order in which they were drawn.
    return { box: x1 === x2 || y1 === y2 ? [x1, y1, x2, y2] : polygonBounds(all) }
  }
  if (type === 'mask' && points.length === 2) {
    log.repair(where, 'the mask is left out, its box is kept')
    // The corners are those of the first and the last pixel, which belongs to the mask.
    const [x1, y1, x2, y2] = polygonBounds(all)
    return { box: [x1, y1, x2 + 1, y2 + 1] }
  }
  if (type === 'circle' && points.length === 2) {
    const [[x, y], [edgeX, edgeY]] = points as [[number, number], [number, number]]
    const radius = Math.hypot(edgeX - x, edgeY - y)
    return { box: [x - radius, y - radius, x + radius, y + radius] }
  }
  log.skip(where, `a ${type} of ${countOf(points.length, 'point')} has no box`)
  return undefined
}
