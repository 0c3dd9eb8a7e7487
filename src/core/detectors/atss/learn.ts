/** What ATSS' locations learn: targets and losses with their gradients. N images, L locations, P positives. */
import type { Pyramid } from '../../pyramid/levels.ts'
import { locationAt } from '../../pyramid/locations.ts'
import { distance, distanceSlope } from '../fcos/distances.ts'
import { centernessLoss, gatherPositives, type HeadOutputs, type ImageTargets } from '../fcos/loss.ts'
import { type Positives, positives } from '../fcos/targets.ts'
import { type BoxCode, codeGradient, decode, emptyDecoded } from '../shared/box-codes.ts'
import { boxLoss } from '../shared/box-iou.ts'
import { focalLoss } from '../shared/focal.ts'
import { ANCHOR_STRIDES, type AtssRules } from './assign.ts'
import type { AtssConfig } from './config.ts'

/**
 * FCOS's targets. A location outside the box that it learns, which `atLeastOne` gives to a box that has no other, regresses no negative
 * distance, and its centerness is 1, since no other of the box's locations is to be preferred.
 */
export function learned(grid: Pyramid, boxes: Float32Array, matched: Int32Array): Positives {
  const found = positives(grid, boxes, matched)
  for (let i = 0; i < found.location.length; i++) {
    const sides = found.ltrb.subarray(i * 4, i * 4 + 4)
    if (Math.min(...sides) > 0) continue
    found.ltrb.set(
      sides.map((side) => Math.max(0, side)),
      i * 4,
    )
    found.centerness[i] = 1
  }
  return found
}

/** What the regression's four raw outputs mean. */
export interface Coding {
  readonly kind: AtssConfig['head']['coding']
  readonly dialect: AtssRules['dialect']
  /** [levels] learned scale of each level's regression; 1 each if undefined. */
  readonly scales: Float32Array | undefined
}

export const codeOf = (dialect: AtssRules['dialect']): BoxCode => ({
  weights: [10, 10, 5, 5],
  lastPixel: dialect === 'authors' ? 1 : 0,
})

/** Sides l, t, r, b in pixels that a row of raw outputs predicts, and how gradients by them go back. */
export class Decoder {
  readonly #grid: Pyramid
  readonly #coding: Coding
  readonly #code: BoxCode
  readonly #decoded = emptyDecoded()
  readonly #scaled = new Float32Array(4)

  constructor(grid: Pyramid, coding: Coding) {
    this.#grid = grid
    this.#coding = coding
    this.#code = codeOf(coding.dialect)
  }

  /** The array is overwritten by the next call. */
  sides(regression: Float32Array, row: number, location: number): Float64Array {
    const { x, y, level } = locationAt(this.#grid, location)
    const scale = this.#scaleOf(location)
    for (let k = 0; k < 4; k++) this.#scaled[k] = scale * regression[row * 4 + k]
    const { ltrb } = this.#decoded
    if (this.#coding.kind === 'point') {
      for (let k = 0; k < 4; k++) ltrb[k] = distance('relu', this.#scaled[k], level.stride)
    } else {
      const side = ANCHOR_STRIDES * level.stride
      decode(this.#code, { x, y, width: side, height: side }, this.#scaled, 0, this.#decoded)
    }
    return ltrb
  }

  /** After `sides` of the same row: writes the gradient by the raw outputs. @returns that by the level's scale */
  back(
    byLtrb: Float64Array,
    regression: Float32Array,
    row: number,
    location: number,
    into: Float32Array,
  ): number {
    const { level } = locationAt(this.#grid, location)
    const scale = this.#scaleOf(location)
    if (this.#coding.kind === 'point') {
      for (let k = 0; k < 4; k++)
        into[row * 4 + k] = byLtrb[k] * distanceSlope('relu', this.#scaled[k], level.stride)
    } else codeGradient(this.#decoded, byLtrb, 0, into, row * 4)
    let byScale = 0
    for (let k = row * 4; k < row * 4 + 4; k++) {
      byScale += into[k] * regression[k]
      into[k] *= scale
    }
    return byScale
  }

  #scaleOf(location: number): number {
    const { scales } = this.#coding
    if (!scales) return 1
    return scales[this.#grid.levels.findLastIndex(({ first }) => first <= location)]
  }
}

export interface LossInput {
  readonly outputs: HeadOutputs
  readonly targets: readonly ImageTargets[]
  readonly grid: Pyramid
  readonly coding: Coding
  readonly config: AtssConfig['loss']
  readonly normaliser: number
  /** Overwritten with the gradients of the sum of the three losses. */
  readonly gradients: HeadOutputs
}

/** As FCOS's losses, but for what the regression means. Without positives, box and centerness cost nothing. */
export function atssLoss({ outputs, targets, grid, coding, config, normaliser, gradients }: LossInput) {
  const classes = outputs.logits.length / outputs.centerness.length
  const batch = gatherPositives(targets, grid, classes)
  const classification = focalLoss(
    outputs.logits,
    batch.classOfRow,
    { alpha: config.focalAlpha, gamma: config.focalGamma, normaliser },
    gradients.logits,
  )
  const logits = Float32Array.from(batch.rows, (row) => outputs.centerness[row])
  const byLogit = new Float32Array(logits.length)
  const { loss: centerness, floor } = centernessLoss(logits, batch.centerness, normaliser, byLogit)
  gradients.centerness.fill(0)
  for (const [i, row] of batch.rows.entries()) gradients.centerness[row] = byLogit[i]

  const weighted = config.boxWeight === 'centerness'
  const sum = batch.centerness.reduce((total, c) => total + c, 0)
  // The authors' sum is not floored; mmdet's is at 1.
  const divisor =
    (weighted ? (coding.dialect === 'authors' ? sum || 1 : Math.max(1, sum)) : normaliser) / config.boxFactor
  gradients.regression.fill(0)
  const scaleGradient = new Float32Array(grid.levels.length)
  const decoder = new Decoder(grid, coding)
  const byLtrb = new Float64Array(4)
  let box = 0
  for (const [i, row] of batch.rows.entries()) {
    const location = row % grid.locations
    const predicted = decoder.sides(outputs.regression, row, location)
    const target = batch.ltrb.subarray(i * 4, i * 4 + 4)
    const weight = weighted ? batch.centerness.subarray(i, i + 1) : undefined
    box += boxLoss(config.box, predicted, target, weight, divisor, byLtrb)
    scaleGradient[batch.levels[i]] += decoder.back(
      byLtrb,
      outputs.regression,
      row,
      location,
      gradients.regression,
    )
  }
  return { classification, box, centerness, centernessFloor: floor, scaleGradient }
}
