/**
 * From CenterNet's raw outputs for one image to candidates ("Objects as Points", section 3.1): the peaks of the heat maps, cells
 * that no neighbour of their class exceeds. They stand for one object each, so that nothing is left to suppress.
 */
import type { DecodeInput } from '../detector.ts'
import type { Candidates } from '../shared/candidates.ts'
import { sigmoid } from '../shared/sigmoid.ts'
import { TopK } from '../shared/top-k.ts'
import type { CenterNetConfig } from './config.ts'
import { STRIDE } from './targets.ts'

export function decodePeaks({
  config,
  grid,
  outputs,
  image,
  toSource = { x: 1, y: 1 },
  scoreThreshold,
  candidatesPerLevel,
}: Omit<DecodeInput<CenterNetConfig>, 'parameters'>): Candidates {
  const classes = config.classes.length
  const [{ columns, rows }] = grid.levels
  const heat = outputs.heat.map(sigmoid)
  const threshold = Math.fround(scoreThreshold)
  const best = new TopK(Math.min(candidatesPerLevel, heat.length))
  for (const [pair, score] of heat.entries()) {
    if (score > threshold && isPeak(heat, pair, { columns, rows, classes })) best.offer(score, pair)
  }
  const pairs = best.sorted().indices.sort()
  const locations = pairs.map((pair) => Math.floor(pair / classes))
  const scores = Float32Array.from(pairs, (pair) => heat[pair])
  const boxes = new Float32Array(pairs.length * 4)
  const clip = (cells: number, size: number) => Math.min(Math.max(STRIDE * cells, 0), size)
  for (const [i, cell] of locations.entries()) {
    const x = (cell % columns) + outputs.offset[cell * 2]
    const y = Math.floor(cell / columns) + outputs.offset[cell * 2 + 1]
    // A size that is predicted below 0 leaves a box without area, which is no detection.
    const halfWidth = Math.max(0, outputs.size[cell * 2]) / 2
    const halfHeight = Math.max(0, outputs.size[cell * 2 + 1]) / 2
    boxes[i * 4] = clip(x - halfWidth, image.width) * toSource.x
    boxes[i * 4 + 1] = clip(y - halfHeight, image.height) * toSource.y
    boxes[i * 4 + 2] = clip(x + halfWidth, image.width) * toSource.x
    boxes[i * 4 + 3] = clip(y + halfHeight, image.height) * toSource.y
  }
  return {
    ...{ locations, boxes, scores, classScores: scores, parts: {}, suppression: 'none' },
    levels: new Uint8Array(pairs.length),
    labels: pairs.map((pair) => pair % classes),
  }
}

/** Whether no neighbour of the same class is higher; of equal neighbours all are peaks. */
function isPeak(
  heat: Float32Array,
  pair: number,
  { columns, rows, classes }: { readonly columns: number; readonly rows: number; readonly classes: number },
): boolean {
  const cell = Math.floor(pair / classes)
  const [column, row] = [cell % columns, Math.floor(cell / columns)]
  for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++) {
    for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x++) {
      if (heat[(y * columns + x) * classes + (pair % classes)] > heat[pair]) return false
    }
  }
  return true
}
