/** The selected boxes as they are at this moment of a gesture: outlines, tags, and eight handles as Konva nodes. */
import { Group } from 'konva/lib/Group.js'
import { Rect } from 'konva/lib/shapes/Rect.js'
import type { BoxXyxy } from '../../../core/geometry/box.ts'
import type { CanvasColours } from '../colours.ts'
import type { CanvasBox } from '../editing.ts'
import { HANDLES, placeHandles } from '../geometry/handles.ts'
import { placeBox, type Sight } from './placement.ts'
import { isLegible, TagPainter } from './tags.ts'

const HANDLE_SIDE = 8

export class Handles {
  readonly group = new Group({ listening: false })
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

  constructor() {
    this.group.add(...this.#rects)
  }

  recolour({ handle, accent }: CanvasColours): void {
    for (const rect of this.#rects) rect.setAttrs({ fill: handle, stroke: accent })
  }

  /** Puts the handles on a box, or takes them away. */
  place(box: BoxXyxy | null, { view, pixelRatio }: Sight): void {
    const placed = box ? placeHandles(box, view) : []
    const align = (value: number) => Math.round((value - HANDLE_SIDE / 2) * pixelRatio) / pixelRatio + 0.5
    for (const [index, rect] of this.#rects.entries()) {
      const at = placed[index]?.at
      rect.visible(at !== undefined)
      if (at) rect.position({ x: align(at.x), y: align(at.y) })
    }
  }
}

export class SelectedBoxes {
  readonly #tags = new TagPainter()

  draw(
    context: CanvasRenderingContext2D,
    boxes: readonly CanvasBox[],
    sight: Sight,
    colours: CanvasColours,
  ): void {
    const outlines = new Path2D()
    const tagged = boxes.map((box) => ({ box, at: placeBox(box.box, sight, 2) }))
    for (const { box, at } of tagged) {
      context.globalAlpha = 0.1
      context.fillStyle = box.colour
      context.fillRect(at.x, at.y, at.width, at.height)
      outlines.rect(at.x, at.y, at.width, at.height)
    }
    context.globalAlpha = 1
    context.strokeStyle = colours.halo
    context.lineWidth = 4
    context.stroke(outlines)
    context.strokeStyle = colours.accent
    context.lineWidth = 2
    context.stroke(outlines)
    this.#tags.draw(
      context,
      tagged.filter(({ at }) => isLegible(at)),
    )
  }
}
