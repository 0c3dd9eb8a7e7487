import { expect, test } from 'vitest'
import { countOf } from '../../src/core/words.ts'

test('numbers agree with what they count', () => {
  expect([countOf(1, 'image'), countOf(0, 'image'), countOf(2, 'image')]).toEqual([
    '1 image',
    '0 images',
    '2 images',
  ])
  expect([countOf(1, 'box'), countOf(3, 'box'), countOf(2, 'class')]).toEqual([
    '1 box',
    '3 boxes',
    '2 classes',
  ])
  expect([countOf(1, 'image was', 'images were'), countOf(2, 'image was', 'images were')]).toEqual([
    '1 image was',
    '2 images were',
  ])
})
