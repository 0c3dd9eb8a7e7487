/** A tour goes on after an answer, and comes back to a stop whose answer was taken back. */
import { expect, test } from 'vitest'
import { ReviewTour } from '../../../../src/renderer/session/review-tour.svelte.ts'

test('an answered stop is left out until the answer is taken back, also when it was the last', () => {
  const shown: number[] = []
  const tour = new ReviewTour((image) => shown.push(image))
  const stops = [1, 2, 3].map((imageId) => ({
    ...{ imageId, annotationId: null, guess: null, note: '' },
    box: [0, 0, 1, 1] as const,
  }))
  tour.start(stops, 1, () => {})
  const back = tour.answered()
  expect([tour.stops.map(({ imageId }) => imageId), tour.current?.imageId]).toEqual([[1, 3], 3])
  back()
  expect([tour.stops.map(({ imageId }) => imageId), tour.current?.imageId]).toEqual([[1, 2, 3], 2])
  tour.start(stops.slice(0, 1), 0, () => {})
  const again = tour.answered()
  expect(tour.current).toBeNull()
  again()
  expect(tour.current?.imageId).toBe(1)
  expect(shown).toEqual([2, 3, 2, 1, 1])
})
