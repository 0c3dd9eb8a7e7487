import { describe, expect, test } from 'vitest'
import { decodeMaps, encodeMaps } from '../../../../src/core/contract/model-assets.ts'
import { detectorOf } from '../../../../src/core/detectors/detectors.ts'
import { lite0Config } from '../../../../src/core/detectors/fcos/presets.ts'
import { difference } from '../../../../src/renderer/xray/paint/predictions.ts'
import { type Prediction, predictedAt, predictionOf } from '../../../../src/renderer/xray/prediction.ts'
import { readLocation } from '../../../../src/renderer/xray/reading.ts'
import { legendOf, viewNamed, viewOf } from '../../../../src/renderer/xray/views.ts'
import { compute, SQUARE, targetBox } from './support.ts'

const CLASSES = [
  { id: 1, name: 'red' },
  { id: 2, name: 'white' },
]
const LOCATIONS = 16 ** 2 + 8 ** 2 + 4 ** 2 + 2 ** 2 + 1
/** Row and column 7 of P3: at (60, 60). */
const CENTRE = 7 * 16 + 7
const logit = (p: number) => Math.log(p / (1 - p))

/** At one location of P3 a box 12, 16, 28 and 16 px away, as the model's file has it; elsewhere next to nothing. */
function prediction(quality?: 'iou' | 'none'): Prediction {
  const logits = new Float32Array(LOCATIONS * 2).fill(-9)
  const centerness = new Float32Array(LOCATIONS).fill(-9)
  const regression = new Float32Array(LOCATIONS * 4).fill(0.1)
  logits.set([logit(0.1), logit(0.8)], CENTRE * 2)
  centerness[CENTRE] = logit(0.45)
  // The model regresses strides, times its scale of the level.
  regression.set([12 / 8 / 2, 1, 28 / 8 / 2, 1], CENTRE * 4)
  const preset = lite0Config(CLASSES, 128)
  const config = { ...preset, loss: { ...preset.loss, ...(quality && { quality }) } }
  const file = encodeMaps({
    ...{ image: SQUARE, resized: SQUARE, input: SQUARE, model: { config, thresholds: null } },
    outputs: { logits, regression, ...(quality !== 'none' && { centerness }) },
    parameters: { scales: Float32Array.of(2, 1, 1, 1, 1) },
    embedding: new Float32Array(4),
  })
  return predictionOf(decodeMaps(file))
}

describe('what a model predicts at a location', () => {
  test('its sides, centerness, score and every class, the best first', () => {
    const { reading, ...scores } = predictedAt(prediction(), CENTRE)
    for (const [i, side] of [12, 16, 28, 16].entries()) expect(reading.rays[i]!.length).toBeCloseTo(side, 4)
    expect(reading.figures).toEqual([{ title: 'centerness', value: expect.closeTo(0.45, 5) }])
    expect(scores.score).toBeCloseTo(Math.sqrt(0.8 * 0.45), 5)
    expect(scores.classScores.map(({ name }) => name)).toEqual(['white', 'red'])
    expect(scores.classScores[1]!.score).toBeCloseTo(0.1, 5)
  })

  test('the rules to compare with are those that the model was trained by', () => {
    expect(prediction().rules).toMatchObject({ input: { shortSide: 128 }, rules: { radius: 1.5 } })
  })

  test('difference from the targets, on the scale of the legend', () => {
    // The location has 16 px to each side: l is 4 px off, r 12 px, which are 1.5 of 2 strides.
    const targets = compute([targetBox(1, [44, 44, 76, 76])])
    const off = (view: string) =>
      difference(targets, prediction(), viewNamed(detectorOf({}), view))(CENTRE, 8)
    expect(off('left')).toBeCloseTo(0.25, 5)
    expect(off('top')).toBeCloseTo(0, 5)
    expect(off('sides')).toBeCloseTo(0.75, 5)
    expect(off('centerness')).toBeCloseTo(1 - 0.45, 5)
    expect(off('score')).toBeCloseTo(1 - 0.8, 5)
  })

  test('a model without a quality branch says so, and shows the class score in the place of centerness', () => {
    const without = prediction('none')
    const { reading, score } = predictedAt(without, CENTRE)
    expect(reading).toMatchObject({ figures: [], lacks: 'no quality branch' })
    expect(reading.rays[0]!.length).toBeCloseTo(12, 4)
    expect(score).toBeCloseTo(Math.sqrt(0.8), 5)
    const view = viewNamed(detectorOf({}), 'centerness')
    const shown = viewOf(view, without.maps)
    expect(shown).toMatchObject({ note: 'This model has no quality branch', predicted: null })
    expect(legendOf(shown, 'predictions').title).toBe('Class score')
    expect(legendOf(shown, 'difference').title).toBe('Class score')
    const targets = compute([targetBox(1, [44, 44, 76, 76])])
    expect(difference(targets, without, view)(CENTRE, 8)).toBeCloseTo(1 - 0.8, 5)
    // Its other views, and those of a model with the branch, are as they were.
    expect(viewOf(viewNamed(detectorOf({}), 'left'), without.maps).note).toBeUndefined()
    expect(viewOf(view, prediction().maps)).toBe(view)
    expect(viewOf(view, null)).toBe(view)
  })

  test('a quality branch that learnt the IoU is named so, and is not compared with centerness', () => {
    const iou = prediction('iou')
    expect(predictedAt(iou, CENTRE).reading.figures).toEqual([
      { title: 'IoU', value: expect.closeTo(0.45, 5) },
    ])
    const shown = viewOf(viewNamed(detectorOf({}), 'centerness'), iou.maps)
    expect(shown.note).toContain('IoU')
    expect(legendOf(shown, 'predictions').title).toBe('Centerness')
    expect(legendOf(shown, 'difference').title).toBe('Class score')
  })

  test('where nothing is to be learned, the level is read that scores highest', () => {
    const reading = readLocation(compute([]), { x: 60, y: 60 }, null, () => '', prediction())!
    expect(reading).toMatchObject({ level: 'P3', learned: null })
    expect(reading.predicted!.classScores[0]!.name).toBe('white')
  })
})
