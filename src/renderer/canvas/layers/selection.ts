/** The selected shapes as they are at this moment of a gesture: outlines, tags and handles, as nodes of a Konva stage. */
import { Konva } from 'konva/lib/Global.js'
import { Group } from 'konva/lib/Group.js'
import { Layer } from 'konva/lib/Layer.js'
import { Shape as Node, type ShapeConfig } from 'konva/lib/Shape.js'
import { Stage } from 'konva/lib/Stage.js'
import { Rect } from 'konva/lib/shapes/Rect.js'
import type { BoxXyxy, Size } from '../../../core/geometry/box.ts'
import type { Ring } from '../../../core/geometry/polygon.ts'
import type { CanvasColours } from '../colours.ts'
import type { CanvasShape } from '../editing.ts'
import { HANDLES, type PlacedHandle } from '../geometry/handles.ts'
import { kindOf } from '../shapes/kind-of.ts'
import { placeBox, type Sight } from './placement.ts'
import { ShapePath } from './shape-path.ts'
import { isLegible, TagPainter } from './tags.ts'

const HANDLE_SIDE = 8

// This canvas decides itself when a frame is drawn.
Konva.autoDrawEnabled = false

/** A selected shape, and the box that it has at this moment. */
export interface Selected {
  readonly shape: CanvasShape
  readonly box: BoxXyxy
}

export interface Selection {
  readonly shapes: readonly Selected[]
  readonly handles: readonly PlacedHandle[]
  /** Of a polygon, in image pixels. */
  readonly vertices: readonly Ring[]
}

/** Konva's context, as its custom shapes are handed it. */
type KonvaContext = Parameters<NonNullable<ShapeConfig['sceneFunc']>>[0]

const VERTEX_RADIUS = 3
/** Vertices nearer to the one drawn before are left out, in CSS pixels. */
const VERTEX_DISTANCE = 7

function drawVertices(
  context: KonvaContext,
  rings: readonly Ring[],
  { view, viewport }: Sight,
  colours: CanvasColours,
): void {
  const dots = new Path2D()
  for (const ring of rings) {
    let [lastX, lastY] = [-Infinity, -Infinity]
    for (let i = 0; i < ring.length; i += 2) {
      const x = view.x + ring[i]! * view.scale
      const y = view.y + ring[i + 1]! * view.scale
      const isSeen = x >= 0 && y >= 0 && x <= viewport.width && y <= viewport.height
      if (!isSeen || Math.abs(x - lastX) + Math.abs(y - lastY) < VERTEX_DISTANCE) continue
      dots.moveTo(x + VERTEX_RADIUS, y)
      dots.arc(x, y, VERTEX_RADIUS, 0, 2 * Math.PI)
      ;[lastX, lastY] = [x, y]
    }
  }
  context.fillStyle = colours.handle
  context.fill(dots)
  context.strokeStyle = colours.accent
  context.lineWidth = 1
  context.stroke(dots)
}

export class SelectionStage {
  readonly #stage: Stage
  readonly #layer = new Layer({ listening: false })
  readonly #rects = HANDLES.map(
    () =>
      new Rect({
        width: HANDLE_SIDE,
        height: HANDLE_SIDE,
        strokeWidth: 1,
        cornerRadius: 1,
        perfectDrawEnabled: false,
      }),
  )
  readonly #tags = new TagPainter()
  #draw: (context: KonvaContext) => void = () => {}

  constructor(container: HTMLDivElement) {
    this.#stage = new Stage({ container, width: 1, height: 1, listening: false })
    const outlines = new Node({ sceneFunc: (context) => this.#draw(context), listening: false })
    const handles = new Group({ listening: false })
    handles.add(...this.#rects)
    this.#layer.add(outlines, handles)
    this.#stage.add(this.#layer)
  }

  recolour({ handle, accent }: CanvasColours): void {
    for (const rect of this.#rects) rect.setAttrs({ fill: handle, stroke: accent })
  }

  resize({ width, height }: Size, pixelRatio: number): void {
    this.#stage.size({ width, height })
    this.#layer.getCanvas().setPixelRatio(pixelRatio)
  }

  draw({ shapes, handles, vertices }: Selection, sight: Sight, colours: CanvasColours): void {
    this.#draw = (context) => {
      this.#drawShapes(context, shapes, sight, colours)
      drawVertices(context, vertices, sight, colours)
    }
    const align = (value: number) =>
      Math.round((value - HANDLE_SIDE / 2) * sight.pixelRatio) / sight.pixelRatio + 0.5
    for (const [index, rect] of this.#rects.entries()) {
      const at = handles[index]?.at
      rect.visible(at !== undefined)
      if (at) rect.position({ x: align(at.x), y: align(at.y) })
    }
    this.#layer.drawScene()
  }

  destroy(): void {
    this.#stage.destroy()
    this.#stage.container().remove()
  }

  #drawShapes(
    context: KonvaContext,
    selected: readonly Selected[],
    sight: Sight,
    colours: CanvasColours,
  ): void {
    const paths = new ShapePath()
    const boxes = new Path2D()
    const byColour = new Map<string, ShapePath>()
    const tagged = selected.map(({ shape, box }) => ({ shape, at: placeBox(box, sight, 2) }))
    for (const { shape, box } of selected) {
      let inside = byColour.get(shape.colour)
      if (!inside) byColour.set(shape.colour, (inside = new ShapePath()))
      kindOf(shape).trace(inside, shape, box, sight, 2)
      kindOf(shape).trace(paths, shape, box, sight, 2)
      if (shape.segmentation === null) continue
      const { x, y, width, height } = placeBox(box, sight, 1)
      boxes.rect(x, y, width, height)
    }
    context.globalAlpha = 0.1
    for (const [colour, inside] of byColour) {
      context.fillStyle = colour
      context.fill(inside.path)
    }
    context.globalAlpha = 1
    context.strokeStyle = colours.halo
    context.lineWidth = 4
    context.stroke(paths.path)
    context.strokeStyle = colours.selection
    context.lineWidth = 2
    context.stroke(paths.path)
    // The box of an outline, which its handles resize.
    context.lineWidth = 1
    context.setLineDash([4, 3])
    context.stroke(boxes)
    context.setLineDash([])
    this.#tags.draw(
      context,
      tagged.filter(({ at }) => isLegible(at)),
    )
  }
}
