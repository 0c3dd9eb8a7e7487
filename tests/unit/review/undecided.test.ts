import { expect, test } from 'vitest'
import { matchClasses } from '../../../src/core/review/class-match.ts'
import { undecided } from '../../../src/core/review/undecided.ts'

const at = (x: number, classId = 1) => ({ classId, box: [x, 0, x + 10, 10] as const })

test('labels decide what overlaps them by half, rejections what is nearly the same; proposals decide nothing', () => {
  const label = { ...at(0), source: 'drawn' } as const
  const guesses = [at(0), at(3), at(4), at(0, 2)]
  // 3 px apart: 70 / 130 = 0.54. 4 px apart: 60 / 140 = 0.43.
  expect(undecided(guesses, [label], [])).toEqual([at(4), at(0, 2)])
  expect(undecided(guesses, [{ ...label, source: 'proposed' }], [])).toEqual(guesses)
  // 1 px apart: 90 / 110 = 0.82. 2 px apart: 80 / 120 = 0.67.
  expect(undecided([at(0), at(1), at(2)], [], [at(0)])).toEqual([at(2)])
})

test('classes are the same by name, whatever their ids and capitals; others have none', () => {
  const model = [
    { id: 7, name: 'Cell' },
    { id: 1, name: 'naïve' },
    { id: 2, name: 'dust' },
  ]
  const project = [
    { id: 1, name: 'cell' },
    { id: 2, name: 'nai\u0308ve' },
  ]
  expect(matchClasses(model, project)).toEqual([1, 2, null])
})
