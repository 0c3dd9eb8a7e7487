/** Draws the predictions of a pinned image on a canvas: its detections, or a map of all its locations. */

import { type ColourMap, colourTable } from '../../core/colour/colour-maps.ts'
import type { PinnedView } from '../../core/contract/pinned.ts'
import { detectorOf } from '../../core/detectors/detectors.ts'
import type { ModelConfig } from '../../core/detectors/model-config.ts'
import { locationAtPoint } from '../xray/cells.ts'

/** The class score, the score by which detections are ranked, or the detector's quality by its name. */
export type PinnedMap = string

const LABEL_FONT = '11px system-ui, sans-serif'
const LABEL_HEIGHT = 15

export function drawDetections(
  context: CanvasRenderingContext2D,
  { image, detections }: PinnedView,
  least: number,
  colourOf: (category: number) => string,
): void {
  const { width, height } = context.canvas
  const [x, y] = [width / image.width, height / image.height]
  context.lineWidth = 2
  context.font = LABEL_FONT
  context.textBaseline = 'top'
  const shown = detections.filter(({ score }) => score >= least)
  // The highest score last, on top.
  for (const { box, categoryId } of shown.toReversed()) {
    const [x1, y1, x2, y2] = box
    context.strokeStyle = colourOf(categoryId)
    context.strokeRect(x1 * x, y1 * y, (x2 - x1) * x, (y2 - y1) * y)
  }
  const taken: { readonly left: number; readonly top: number; readonly right: number }[] = []
  for (const { box, score, categoryId } of shown) {
    const text = score.toFixed(2)
    const [left, top] = [box[0] * x - 1, Math.max(0, box[1] * y - LABEL_HEIGHT)]
    const right = left + context.measureText(text).width + 6
    // Half a figure is a wrong one: of labels that overlap, only that of the highest score is drawn.
    if (taken.some((one) => left < one.right && right > one.left && Math.abs(top - one.top) < LABEL_HEIGHT))
      continue
    taken.push({ left, top, right })
    context.fillStyle = colourOf(categoryId)
    context.fillRect(left, top, right - left, LABEL_HEIGHT)
    context.fillStyle = '#000'
    context.fillText(text, left + 3, top + 2)
  }
}

/** At each location of P3, draws the value of the level with the highest score there; stretched over the canvas. */
export function drawMap(
  context: CanvasRenderingContext2D,
  view: PinnedView,
  shown: PinnedMap,
  model: ModelConfig,
  colours: ColourMap,
): void {
  const detector = detectorOf(model)
  const { levels } = detector.grid(view.input, model)
  const classScores = view.maps.class_scores!
  const qualities = detector.quality && view.maps[detector.quality.name]
  const finest = levels[0]!
  const table = colourTable(colours)
  const score = (at: number): number =>
    255 * detector.score(classScores[at]! / 255, (qualities?.[at] ?? 255) / 255)
  const value = (at: number): number =>
    shown === 'score' ? score(at) : (shown === 'class' ? classScores : qualities)![at]!
  // Cells in the padding are left out.
  const columns = Math.min(finest.columns, Math.ceil(view.resized.width / finest.stride))
  const rows = Math.min(finest.rows, Math.ceil(view.resized.height / finest.stride))
  const pixels = new ImageData(columns, rows)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const point = {
        x: finest.offset.x + column * finest.spacing.x,
        y: finest.offset.y + row * finest.spacing.y,
      }
      const here = levels.flatMap((level) => locationAtPoint(level, { x: 1, y: 1 }, point) ?? [])
      const surest = here.reduce((best, location) => (score(location) > score(best) ? location : best))
      const colour = Math.round(value(surest))
      const at = 4 * (row * columns + column)
      pixels.data.set(table.subarray(3 * colour, 3 * colour + 3), at)
      pixels.data[at + 3] = 255
    }
  }
  const cells = new OffscreenCanvas(columns, rows)
  cells.getContext('2d')!.putImageData(pixels, 0, 0)
  const { width, height } = context.canvas
  const [x, y] = [width / view.resized.width, height / view.resized.height]
  const [left, top] = [finest.offset.x - finest.spacing.x / 2, finest.offset.y - finest.spacing.y / 2]
  context.imageSmoothingEnabled = false
  context.drawImage(cells, left * x, top * y, columns * finest.spacing.x * x, rows * finest.spacing.y * y)
}
