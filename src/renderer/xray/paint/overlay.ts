import type { ColourMap } from '../../../core/colour/colour-maps.ts'
import type { LevelName } from '../../../core/fcos/config.ts'
import type { BoxXyxy } from '../../../core/geometry/box.ts'
import type { View } from '../../canvas/geometry/view.ts'
import type { Overlay } from '../../canvas/renderer.ts'
import type { LocationReading } from '../reading.ts'
import type { ImageTargets } from '../targets.ts'
import type { XrayView } from '../views.ts'
import { drawReading } from './arrows.ts'
import { paintCells } from './cells.ts'
import { Hatching } from './hatching.ts'
import { painterOf } from './painters.ts'

/** What the overlay shows at the moment of drawing. */
export interface OverlaySource {
  readonly targets: ImageTargets | null
  readonly view: XrayView
  /** Null: all. */
  readonly level: LevelName | null
  readonly colourMap: ColourMap
  readonly opacity: number
  readonly reading: LocationReading | null
  readonly pinned: readonly LocationReading[]
}

/** The X-ray between the picture and the boxes of the canvas. */
export class XrayOverlay implements Overlay {
  readonly #source: OverlaySource
  readonly #hatching = new Hatching()

  constructor(source: OverlaySource) {
    this.#source = source
  }

  draw(context: CanvasRenderingContext2D, view: View, part: BoxXyxy): void {
    const { targets, view: shown, level, colourMap, opacity, reading, pinned } = this.#source
    if (!targets) return
    // In CSS pixels, so that cells and arrows are as sharp at every zoom.
    context.scale(1 / view.scale, 1 / view.scale)
    context.translate(-view.x, -view.y)
    context.globalAlpha = opacity
    paintCells(targets, level, view, part, painterOf(context, shown, targets, colourMap, this.#hatching))
    context.globalAlpha = 1
    for (const [i, one] of pinned.entries()) drawReading(context, one, { view, part }, pinName(i))
    if (reading) drawReading(context, reading, { view, part })
  }
}

/** A, B, C … */
export const pinName = (index: number): string => String.fromCharCode(65 + (index % 26))
