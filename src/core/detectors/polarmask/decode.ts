/**
 * From PolarMask's raw outputs for one image to candidates with outlines (section 3.3 of the paper). Two departures from the authors'
 * program, which change no ranking: scores are divided by 1.5, so that they do not pass 1, and outlines are not cut to whole pixels.
 */
import { locationAt } from '../../pyramid/locations.ts'
import type { DecodeInput } from '../detector.ts'
import { bestCandidates } from '../fcos/decode.ts'
import type { Ranking } from '../shared/best-pairs.ts'
import { type Candidates, OUTLINE_PART } from '../shared/candidates.ts'
import type { PolarMaskConfig } from './config.ts'
import { lengthOf } from './loss.ts'
import { rayPolygon } from './rays.ts'

/** Added to the centerness, which of masks is low throughout. */
export const OFFSET = 0.5

/** p·(q + ½) / 1.5 in float32. */
export const RANKING: Ranking = {
  score: (p, q) => Math.fround(Math.fround(p * Math.fround(q + OFFSET)) / (1 + OFFSET)),
  least: (t, q) => (t * (1 + OFFSET)) / (q + OFFSET),
}

export function decodeOutlines({
  config: { assignment, head },
  grid,
  outputs,
  parameters,
  image,
  toSource = { x: 1, y: 1 },
  ...options
}: DecodeInput<PolarMaskConfig>): Candidates {
  const { logits, centerness, regression, rays } = outputs as Record<string, Float32Array>
  const best = bestCandidates({ logits, centerness }, { ...options, pyramid: grid }, RANKING)
  const { count } = assignment
  const boxes = new Float32Array(best.locations.length * 4)
  const outlines = new Float32Array(best.locations.length * 2 * count)
  const clip = (position: number, size: number) => Math.min(Math.max(position, 0), size)
  for (const [i, location] of best.locations.entries()) {
    const { x, y, level } = locationAt(grid, location)
    const scale = best.levels[i]
    const side = (k: number) =>
      lengthOf(head.unit, parameters.scales[scale] * regression[location * 4 + k], level.stride)
    boxes[i * 4] = clip(x - side(0), image.width) * toSource.x
    boxes[i * 4 + 1] = clip(y - side(1), image.height) * toSource.y
    boxes[i * 4 + 2] = clip(x + side(2), image.width) * toSource.x
    boxes[i * 4 + 3] = clip(y + side(3), image.height) * toSource.y
    const lengths = Float32Array.from(rays.subarray(location * count, (location + 1) * count), (raw) =>
      lengthOf(head.unit, parameters.rayScales[scale] * raw, level.stride),
    )
    for (const [k, value] of rayPolygon(lengths, x, y).entries()) {
      outlines[i * 2 * count + k] =
        k % 2 === 0 ? clip(value, image.width) * toSource.x : clip(value, image.height) * toSource.y
    }
  }
  return {
    ...best,
    boxes,
    parts: { ...best.parts, [OUTLINE_PART]: outlines },
    suppression: head.suppression,
  }
}
