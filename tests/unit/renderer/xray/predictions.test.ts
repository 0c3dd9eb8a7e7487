import { expect, test } from 'vitest'
import { Predictions } from '../../../../src/renderer/xray/predictions.svelte.ts'

test('without a model there are targets alone, and the choice comes back with a model', () => {
  const model = { current: { key: 'a' } as { key: string } | null }
  const predictions = new Predictions({ model } as never)
  predictions.source = 'wipe'
  expect([predictions.available, predictions.source]).toEqual([true, 'wipe'])
  model.current = null
  expect([predictions.available, predictions.source]).toEqual([false, 'targets'])
  model.current = { key: 'b' }
  expect(predictions.source).toBe('wipe')
})
