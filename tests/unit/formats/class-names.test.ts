import { expect, test } from 'vitest'
import { pairByName, translateClasses } from '../../../src/core/formats/class-names.ts'

test.each([
  [
    ['A', 'a'],
    ['a', 'A'],
    [
      [0, 1],
      [1, 0],
    ],
  ],
  [['A', 'a'], ['a'], [[1, 0]]],
  [
    ['Cat', 'dog'],
    [' cat', 'Dog'],
    [
      [0, 0],
      [1, 1],
    ],
  ],
  [['x', 'X'], [' x '], []],
  [['x'], ['X', ' x '], []],
  [['caf\u00e9'], ['cafe\u0301'], [[0, 0]]],
  [
    ['a', 'a'],
    ['a', 'a'],
    [
      [0, 0],
      [1, 1],
    ],
  ],
  [['die'], ['pawn'], []],
])('%j and %j are paired as %j', (names, others, pairs) => {
  expect([...pairByName(names, others)]).toEqual(pairs)
})

const classes = (...of: [id: number, name: string][]) => of.map(([id, name]) => ({ id, name }))

test('a data set that numbers its classes otherwise gets its own ids', () => {
  const { idOf, categories, notes } = translateClasses(
    classes([1, 'die'], [2, 'marble'], [3, 'pawn']),
    classes([1, 'marble'], [2, 'pawn'], [3, 'die']),
  )
  expect([...idOf]).toEqual([
    [1, 3],
    [2, 1],
    [3, 2],
  ])
  expect(categories).toEqual(classes([3, 'die'], [1, 'marble'], [2, 'pawn']))
  expect(notes).toEqual([])
})

test('a class that the data set lacks never takes the id of another, and is named', () => {
  const { idOf, notes } = translateClasses(
    classes([1, 'die'], [2, 'marble'], [3, 'pawn'], [4, 'coin']),
    classes([1, 'Marble'], [2, 'pawn'], [9, 'king']),
  )
  expect([...idOf]).toEqual([
    [1, 10],
    [2, 1],
    [3, 2],
    [4, 4],
  ])
  expect(notes).toEqual([
    'The data set has no class die: what the model finds of it is written with the category id 10',
    "The model's class marble is taken for the data set's Marble",
    'The data set has no class coin: what the model finds of it is written with the category id 4',
    "The model does not know the data set's king",
  ])
})
