import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { describe, expect, test } from 'vitest'
import { fingerprintOf, isNearDuplicate, nearDuplicates } from '../../../src/core/review/near-duplicates.ts'
import { readGrey } from '../../../src/main/images/grey.ts'
import { SAMPLE } from '../../support/studio.ts'

const file = (n: number) => join(SAMPLE, 'images', `table-${String(n).padStart(2, '0')}.jpg`)
const printOf = async (picture: Buffer) => fingerprintOf(await readGrey(picture))
const jpeg = (image: Sharp) => image.jpeg({ quality: 80 }).toBuffer()

describe('near-duplicates', () => {
  test.each([
    ['compressed harder', (image: Sharp) => image.jpeg({ quality: 20 }).toBuffer()],
    ['of another size', (image: Sharp) => jpeg(image.resize(200))],
    ['a little brighter', (image: Sharp) => jpeg(image.linear(1.04, 4))],
    [
      'cut by a few pixels',
      (image: Sharp) => jpeg(image.extract({ left: 4, top: 3, width: 630, height: 472 })),
    ],
  ])('the same photo %s is one', async (_case, change) => {
    expect(
      isNearDuplicate(await printOf(await jpeg(sharp(file(6)))), await printOf(await change(sharp(file(6))))),
    ).toBe(true)
  })

  test.each([
    ['mirrored', (image: Sharp) => jpeg(image.flop())],
    ['negative', (image: Sharp) => jpeg(image.negate())],
    ['cut to its half', (image: Sharp) => jpeg(image.extract({ left: 0, top: 0, width: 320, height: 480 }))],
  ])('the same photo %s is none', async (_case, change) => {
    expect(
      isNearDuplicate(await printOf(await jpeg(sharp(file(6)))), await printOf(await change(sharp(file(6))))),
    ).toBe(false)
  })

  test('no two scenes of the sample are; a copy among them is found, with its group', async () => {
    const prints = await Promise.all(
      Array.from({ length: 60 }, async (_, i) => printOf(await jpeg(sharp(file(i + 1))))),
    )
    expect(await nearDuplicates(prints)).toEqual([])
    expect(await nearDuplicates([...prints, prints[7]!, prints[7]!, prints[2]!])).toEqual([
      [2, 62],
      [7, 60, 61],
    ])
  })

  test('pictures of one colour are alike only in the same light', async () => {
    const plain = (value: number) => fingerprintOf(new Uint8Array(256).fill(value))
    expect(await nearDuplicates([plain(10), plain(200), plain(12), plain(200)])).toEqual([[1, 3]])
  })
})
