import { describe, expect, it } from 'vitest'
import type { TrainingFile } from '../../../src/core/contract/training.ts'
import { type Trained, trainingOptions } from '../../../src/core/training/presets.ts'
import type { TrainingSample } from '../../../src/main/engine/data/samples.ts'
import {
  live,
  liveDepth,
  liveOptions,
  Settling,
  samplesInTurn,
} from '../../../src/main/engine/train/live-schedule.ts'

describe('learning without an end', () => {
  it('leaves a trained backbone alone while images are few, and never learns more than the preset', () => {
    expect([liveDepth('c2', 1), liveDepth('c4', 10)]).toEqual(['fpn', 'fpn'])
    expect(liveDepth('head', 1)).toBe('head')
    expect(liveDepth('c2', 1000)).toBe('c2')
  })

  it('takes a quarter of the preset’s rate, and the user’s own choices as they are', () => {
    const begun = (training: TrainingFile['training'] = {}, trained: Trained = 'backbone') =>
      liveOptions(trainingOptions('lite0', 3, live({ training }).training, trained), { training }, 3, trained)
    expect(begun()).toMatchObject({ learn: 'fpn', optimiser: { rate: 0.00075 }, batch: 1 })
    expect(begun({ learn: 'c3', optimiser: { rate: 0.01 } })).toMatchObject({
      learn: 'c3',
      optimiser: { rate: 0.01, kind: 'adamw' },
    })
    // Nobody can learn from features that nothing has taught.
    expect(begun({}, 'nothing').learn).toBe('c2')
  })

  it('sees every image once per epoch, the newest four three times', () => {
    const samples = Array.from({ length: 6 }, (_, i) => ({ path: `${i}` }) as TrainingSample)
    const turn = samplesInTurn(samples).map(({ path }) => path)
    const times = samples.map(({ path }) => turn.filter((one) => one === path).length)
    expect(times).toEqual([1, 1, 3, 3, 3, 3])
    expect(samplesInTurn(samples.slice(0, 1))).toHaveLength(3)
  })

  it('rests when the loss has been flat for two windows, and not while it falls', () => {
    const settling = new Settling()
    const window = (loss: number): boolean => {
      for (let view = 0; view < 100; view++) settling.note(loss, 1)
      return settling.settled
    }
    settling.begin(20)
    expect([1, 0.9, 0.8, 0.79, 0.7].map(window)).toEqual([false, false, false, false, false])
    expect([0.69, 0.699].map(window)).toEqual([false, true])
    // Other labels: it looks anew, and rests after twelve windows in any case.
    settling.begin(3)
    expect(settling.settled).toBe(false)
    const falling = Array.from({ length: 12 }, (_, i) => window(0.9 ** i))
    expect(falling).toEqual([...Array(11).fill(false), true])
  })
})
