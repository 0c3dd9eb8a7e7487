import { expect, test } from 'vitest'
import { Guesses } from '../../../../src/renderer/detect/guesses.svelte.ts'
import { WindowSettings } from '../../../../src/renderer/session/window-settings.svelte.ts'
import { StandInClient, StandInContext } from '../../../support/stand-in-studio.svelte.ts'

const client = new StandInClient({ 'settings.set': () => null })

/** Guesses of a studio without a model, with these remembered settings. */
const guessesWith = (stored: ConstructorParameters<typeof WindowSettings>[1]): Guesses => {
  const studio = Object.assign(new StandInContext(client), {
    settings: new WindowSettings(client, stored),
    model: { current: null },
    assist: { proposing: false, state: null },
    editor: { image: { loaded: 1, annotations: [], rejections: [] } },
  })
  return new Guesses(studio as never)
}

test('are off until they are asked for, and remembered', () => {
  const guesses = guessesWith({})
  expect(guesses.look).toEqual({ on: false, score: 0.3, nms: 0.6, centerness: true })
  guesses.show({ on: true, score: 0.5 })
  expect(guesses.look).toEqual({ on: true, score: 0.5, nms: 0.6, centerness: true })
})

test('settings that another version wrote are not trusted', () => {
  expect(guessesWith({ 'guesses.look': { on: true, score: 7 } }).look.score).toBe(0.3)
})

test('hide stored proposals below the score while they are shown, and none otherwise', () => {
  const guesses = guessesWith({})
  expect(guesses.hides(1, 0.1)).toBe(false)
  guesses.show({ on: true })
  expect([guesses.hides(1, 0.1), guesses.hides(1, 0.4), guesses.hides(1, null)]).toEqual([true, false, false])
})

test('without a model nothing is guessed', () => {
  const guesses = guessesWith({ 'guesses.look': { on: true, score: 0.3, nms: 0.6, centerness: true } })
  expect(guesses.live.guesses).toEqual([])
})
