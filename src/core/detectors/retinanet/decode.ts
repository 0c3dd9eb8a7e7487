/**
 * From RetinaNet's raw outputs for one image to candidates, in torchvision's order of steps: per level the best pairs of anchor and class
 * above a floor, their boxes decoded and clipped. M candidates.
 */
import type { Level, Pyramid } from '../../pyramid/levels.ts'
import type { DecodeInput } from '../detector.ts'
import { BY_CLASS, bestPairs } from '../shared/best-pairs.ts'
import { decode, emptyDecoded } from '../shared/box-codes.ts'
import type { Candidates } from '../shared/candidates.ts'
import { sigmoid } from '../shared/sigmoid.ts'
import { ANCHORS_PER_LOCATION } from './anchors.ts'
import { anchorAt } from './assign.ts'
import type { RetinaNetConfig } from './config.ts'
import { codeAnchor, type HeadOutputs, RETINANET_CODE } from './loss.ts'

export function decodeCandidates({
  config,
  grid,
  outputs,
  image,
  toSource = { x: 1, y: 1 },
  scoreThreshold,
  candidatesPerLevel,
}: DecodeInput<RetinaNetConfig>): Candidates {
  const { logits, regression } = outputs as HeadOutputs
  const classes = config.classes.length
  const cells = ({ first, rows, columns }: Level): [number, number] => [
    first * ANCHORS_PER_LOCATION,
    (first + rows * columns) * ANCHORS_PER_LOCATION,
  ]
  const scores = { logits, quality: null, classes }
  const pairsOf = grid.levels.map((level) =>
    bestPairs(cells(level), scores, BY_CLASS, scoreThreshold, candidatesPerLevel).sort(),
  )
  const pairs = Int32Array.from(pairsOf.flatMap((of) => [...of]))
  const anchors = pairs.map((pair) => Math.floor(pair / classes))
  const classScores = Float32Array.from(pairs, (pair) => sigmoid(logits[pair]))
  const boxes = new Float32Array(pairs.length * 4)
  const limits = [image.width, image.height]
  for (const [i, anchor] of anchors.entries()) {
    const box = anchorBox(grid, regression, anchor)
    for (const side of [0, 1, 2, 3]) {
      const clipped = Math.fround(Math.min(Math.max(box[side], 0), limits[side % 2]))
      boxes[i * 4 + side] = clipped * (side % 2 === 0 ? toSource.x : toSource.y)
    }
  }
  return {
    locations: anchors,
    levels: Uint8Array.from(pairsOf.flatMap((of, level) => Array<number>(of.length).fill(level))),
    labels: pairs.map((pair) => pair % classes),
    ...{ classScores, scores: classScores, parts: {}, boxes },
  }
}

/** The box that an anchor predicts, x1 y1 x2 y2 in pixels of the input, not clipped. */
export function anchorBox(
  grid: Pyramid,
  regression: Float32Array,
  anchor: number,
): readonly [number, number, number, number] {
  const { ltrb } = predictedSides(grid, regression, anchor)
  const { x, y } = anchorAt(grid, anchor)
  return [x - ltrb[0], y - ltrb[1], x + ltrb[2], y + ltrb[3]]
}

/** The same as distances l, t, r, b from the anchor's centre. */
export function predictedSides(grid: Pyramid, regression: Float32Array, anchor: number) {
  const decoded = emptyDecoded()
  decode(RETINANET_CODE, codeAnchor(anchorAt(grid, anchor)), regression, anchor * 4, decoded)
  return decoded
}
