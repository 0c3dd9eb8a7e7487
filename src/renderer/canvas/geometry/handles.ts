/** The eight handles of a selected box, the vertices and edges of a selected polygon, and what dragging one of them does. */
import type { BoxXyxy, Size } from '../../../core/geometry/box.ts'
import type { Corner } from '../../../core/geometry/parts.ts'
import type { Ring } from '../../../core/geometry/polygon.ts'
import type { ImagePoint, ScreenPoint } from './space.ts'
import { toImage, toScreen, type View } from './view.ts'

/** Moves the left (−1) or right (1) edge of a box, and the top (−1) or bottom (1) one; 0 leaves that axis alone. */
export interface BoxHandle {
  readonly x: -1 | 0 | 1
  readonly y: -1 | 0 | 1
}

/** A vertex of a polygon, or the edge after it, on which dragging makes a new vertex. */
export interface CornerHandle extends Corner {
  readonly on: 'vertex' | 'edge'
}

export type Handle = BoxHandle | CornerHandle

export const isCorner = (handle: Handle): handle is CornerHandle => 'on' in handle

/** Corners first: where handles lie on each other, as on a tiny box, a corner is more useful. */
export const HANDLES: readonly BoxHandle[] = [
  { x: -1, y: -1 },
  { x: 1, y: -1 },
  { x: 1, y: 1 },
  { x: -1, y: 1 },
  { x: 0, y: -1 },
  { x: 1, y: 0 },
  { x: 0, y: 1 },
  { x: -1, y: 0 },
]

/** Handles in the middle of an edge need room between the corners, in CSS pixels. */
const ROOM_FOR_MIDDLES = 32
/** How far from a handle's centre a press still takes it, in CSS pixels along either axis. */
const REACH = 7

export interface PlacedHandle {
  readonly handle: BoxHandle
  readonly at: ScreenPoint
}

/** Handles of a box on the screen; middles are left out of edges too short for them. */
export function placeHandles(box: BoxXyxy, view: View): PlacedHandle[] {
  const from = toScreen(view, { x: box[0], y: box[1] })
  const to = toScreen(view, { x: box[2], y: box[3] })
  const fits = ({ x, y }: BoxHandle) =>
    (x !== 0 || to.x - from.x >= ROOM_FOR_MIDDLES) && (y !== 0 || to.y - from.y >= ROOM_FOR_MIDDLES)
  const along = (side: -1 | 0 | 1, a: number, b: number) => (side === 0 ? (a + b) / 2 : side < 0 ? a : b)
  return HANDLES.filter(fits).map((handle) => ({
    handle,
    at: { x: along(handle.x, from.x, to.x), y: along(handle.y, from.y, to.y) },
  }))
}

/** Which of the placed handles is at a point of the screen. Inside a tiny box only its middle moves it, so handles reach outwards there. */
export function handleAt(
  placed: readonly PlacedHandle[],
  box: BoxXyxy,
  view: View,
  at: ScreenPoint,
): BoxHandle | null {
  const from = toScreen(view, { x: box[0], y: box[1] })
  const to = toScreen(view, { x: box[2], y: box[3] })
  const inwards = (side: number) => Math.min(REACH, side / 4)
  const inX = inwards(to.x - from.x)
  const inY = inwards(to.y - from.y)
  for (const { handle, at: centre } of placed) {
    const dx = (at.x - centre.x) * (handle.x || 1)
    const dy = (at.y - centre.y) * (handle.y || 1)
    const nearX = handle.x === 0 ? Math.abs(dx) <= REACH : dx >= -inX && dx <= REACH
    const nearY = handle.y === 0 ? Math.abs(dy) <= REACH : dy >= -inY && dy <= REACH
    if (nearX && nearY) return handle
  }
  return null
}

/** How near to a vertex or an edge a press takes it, in CSS pixels. */
const VERTEX_REACH = 6
const EDGE_REACH = 4

/** The vertex of rings in image pixels that is nearest to a point of the screen and within reach. */
export function vertexAt(rings: readonly Ring[], view: View, at: ScreenPoint): CornerHandle | null {
  let [least, found]: [number, CornerHandle | null] = [VERTEX_REACH ** 2, null]
  for (const [ring, points] of rings.entries()) {
    for (let i = 0; i < points.length; i += 2) {
      const dx = view.x + points[i]! * view.scale - at.x
      const dy = view.y + points[i + 1]! * view.scale - at.y
      const away = dx * dx + dy * dy
      if (away <= least) [least, found] = [away, { on: 'vertex', ring, index: i >> 1 }]
    }
  }
  return found
}

export interface EdgePoint {
  readonly handle: CornerHandle
  /** The point of the edge nearest to the one asked for. */
  readonly at: ImagePoint
}

/** The nearest edge within `reach` image pixels of a point of the image. */
export function nearestEdge(rings: readonly Ring[], { x, y }: ImagePoint, reach: number): EdgePoint | null {
  let [least, found]: [number, EdgePoint | null] = [reach * reach, null]
  for (const [ring, points] of rings.entries()) {
    for (let i = 0; i < points.length; i += 2) {
      const j = (i + 2) % points.length
      const [ax, ay] = [points[i]!, points[i + 1]!]
      const [dx, dy] = [points[j]! - ax, points[j + 1]! - ay]
      const length = dx * dx + dy * dy
      const share = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length))
      const at = { x: ax + share * dx, y: ay + share * dy }
      const away = (x - at.x) ** 2 + (y - at.y) ** 2
      if (away <= least) [least, found] = [away, { handle: { on: 'edge', ring, index: i >> 1 }, at }]
    }
  }
  return found
}

export const edgeAt = (rings: readonly Ring[], view: View, at: ScreenPoint): EdgePoint | null =>
  nearestEdge(rings, toImage(view, at), EDGE_REACH / view.scale)

/** The CSS cursor of a handle. */
export function cursorOf(handle: Handle): string {
  if (isCorner(handle)) return handle.on === 'vertex' ? 'move' : 'copy'
  const { x, y } = handle
  if (x === 0) return 'ns-resize'
  if (y === 0) return 'ew-resize'
  return x === y ? 'nwse-resize' : 'nesw-resize'
}

export interface ResizeRule {
  /** Width to height stays what it was. */
  readonly keepRatio: boolean
  /** The centre stays, and the opposite edge mirrors the dragged one. */
  readonly fromCentre: boolean
}

/** No gesture leaves a box with a side shorter than this, in image pixels. */
export const MIN_SIDE = 1

/** The pair of edges of one axis after the dragged one went to `to`; crossing the other edge turns the box over. */
function dragEdge(
  low: number,
  high: number,
  side: -1 | 1,
  to: number,
  fromCentre: boolean,
): [number, number] {
  const fixed = fromCentre ? low + high - to : side < 0 ? high : low
  // Turned over or not, a box keeps a side of MIN_SIDE, on the side of the pointer.
  const towards = to === fixed ? side : Math.sign(to - fixed)
  const moved = Math.abs(to - fixed) < MIN_SIDE ? fixed + towards * MIN_SIDE : to
  return moved < fixed ? [moved, fixed] : [fixed, moved]
}

/** The free axis of a resize that keeps the ratio: grown about its middle, or away from its fixed edge. */
function follow(low: number, high: number, side: -1 | 0 | 1, length: number): [number, number] {
  if (side === 0) return [(low + high - length) / 2, (low + high + length) / 2]
  return side < 0 ? [high - length, high] : [low, low + length]
}

function resizeKeepingRatio(box: BoxXyxy, handle: BoxHandle, to: ImagePoint, fromCentre: boolean): BoxXyxy {
  const [x1, y1, x2, y2] = box
  const width = x2 - x1
  const height = y2 - y1
  const anchorX = fromCentre || handle.x === 0 ? (x1 + x2) / 2 : handle.x < 0 ? x2 : x1
  const anchorY = fromCentre || handle.y === 0 ? (y1 + y2) / 2 : handle.y < 0 ? y2 : y1
  const reach = fromCentre ? 2 : 1
  const byX = handle.x === 0 ? 0 : ((to.x - anchorX) * handle.x * reach) / width
  const byY = handle.y === 0 ? 0 : ((to.y - anchorY) * handle.y * reach) / height
  const factor = Math.max(byX, byY, MIN_SIDE / Math.min(width, height))
  const [left, right] = follow(x1, x2, fromCentre ? 0 : handle.x, width * factor)
  const [top, bottom] = follow(y1, y2, fromCentre ? 0 : handle.y, height * factor)
  return [left, top, right, bottom]
}

/** A box whose handle was dragged to a point of the image. */
export function resizeBox(box: BoxXyxy, handle: BoxHandle, to: ImagePoint, rule: ResizeRule): BoxXyxy {
  if (rule.keepRatio) return resizeKeepingRatio(box, handle, to, rule.fromCentre)
  const [x1, y1, x2, y2] = box
  const [left, right] = handle.x === 0 ? [x1, x2] : dragEdge(x1, x2, handle.x, to.x, rule.fromCentre)
  const [top, bottom] = handle.y === 0 ? [y1, y2] : dragEdge(y1, y2, handle.y, to.y, rule.fromCentre)
  return [left, top, right, bottom]
}

/** A box after a handle was dragged to a point; null where one that keeps its ratio is stopped by the image's edge. */
export function dragBox(
  box: BoxXyxy,
  handle: BoxHandle,
  to: ImagePoint,
  rule: ResizeRule,
  image: Size,
): BoxXyxy | null {
  const wanted = resizeBox(box, handle, to, rule)
  const inside = keepInside(wanted, box, image)
  return rule.keepRatio && inside.some((side, at) => side !== wanted[at]) ? null : inside
}

/** A box as resized, but no farther outside the image than it was before. */
export function keepInside(box: BoxXyxy, before: BoxXyxy, image: Size): BoxXyxy {
  return [
    Math.max(box[0], Math.min(0, before[0])),
    Math.max(box[1], Math.min(0, before[1])),
    Math.min(box[2], Math.max(image.width, before[2])),
    Math.min(box[3], Math.max(image.height, before[3])),
  ]
}
