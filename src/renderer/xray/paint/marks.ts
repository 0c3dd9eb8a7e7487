/** Draws what a view marks over its cells, in CSS pixels of the canvas. */
import type { Mark } from '../../../core/detectors/views.ts'
import type { BoxXyxy } from '../../../core/geometry/box.ts'
import { toScreen, type View } from '../../canvas/geometry/view.ts'
import type { Scale } from '../cells.ts'
import { ownerColour } from './colours.ts'

export interface Canvas {
  readonly context: CanvasRenderingContext2D
  readonly view: View
  /** Of the image in sight, in its pixels. */
  readonly part: BoxXyxy
}

/** Of a cross, from its middle; of an arrow's head. */
const ARM_PX = 5
const HALO = 'rgb(13 14 16 / 82%)'

/** @param scale pixels of the image per pixel of the network's input */
export function paintMarks({ context, view }: Canvas, marks: readonly Mark[], scale: Scale): void {
  const place = (x: number, y: number) => toScreen(view, { x: x * scale.x, y: y * scale.y })
  for (const mark of marks) {
    const { x, y } = place(mark.x, mark.y)
    context.beginPath()
    switch (mark.kind) {
      case 'cross':
        line(context, x - ARM_PX, y - ARM_PX, x + ARM_PX, y + ARM_PX)
        line(context, x - ARM_PX, y + ARM_PX, x + ARM_PX, y - ARM_PX)
        break
      case 'plus':
        line(context, x - ARM_PX, y, x + ARM_PX, y)
        line(context, x, y - ARM_PX, x, y + ARM_PX)
        break
      case 'ring': {
        const radius = mark.radius * view.scale
        context.ellipse(x, y, radius * scale.x, radius * scale.y, 0, 0, 2 * Math.PI)
        break
      }
      case 'square': {
        const [halfX, halfY] = [mark.half * scale.x * view.scale, mark.half * scale.y * view.scale]
        context.rect(x - halfX, y - halfY, 2 * halfX, 2 * halfY)
        break
      }
      case 'arrow': {
        const to = place(mark.toX, mark.toY)
        const angle = Math.atan2(to.y - y, to.x - x)
        line(context, x, y, to.x, to.y)
        for (const turn of [-2.6, 2.6]) {
          const [dx, dy] = [Math.cos(angle + turn), Math.sin(angle + turn)]
          line(context, to.x, to.y, to.x + ARM_PX * dx, to.y + ARM_PX * dy)
        }
      }
    }
    context.lineWidth = 3
    context.strokeStyle = HALO
    context.stroke()
    context.lineWidth = 1.5
    context.strokeStyle = ownerColour(mark.gt)
    context.stroke()
  }
}

function line(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  context.moveTo(x1, y1)
  context.lineTo(x2, y2)
}
