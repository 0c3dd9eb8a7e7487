const PERIOD_PX = 6

/** Diagonal stripes of a colour on a transparent ground, for one canvas. */
export class Hatching {
  readonly #patterns = new Map<string, CanvasPattern>()

  of(context: CanvasRenderingContext2D, colour: string): CanvasPattern {
    let pattern = this.#patterns.get(colour)
    if (!pattern) {
      pattern = context.createPattern(stripes(colour), 'repeat')!
      this.#patterns.set(colour, pattern)
    }
    return pattern
  }
}

function stripes(colour: string): OffscreenCanvas {
  const tile = new OffscreenCanvas(PERIOD_PX, PERIOD_PX)
  const context = tile.getContext('2d')!
  context.strokeStyle = colour
  context.lineWidth = 2.2
  context.beginPath()
  // Also draw the neighbouring stripes, so that the corners are complete.
  for (const shift of [-PERIOD_PX, 0, PERIOD_PX]) {
    context.moveTo(shift - 1, PERIOD_PX + 1)
    context.lineTo(shift + PERIOD_PX + 1, -1)
  }
  context.stroke()
  return tile
}
