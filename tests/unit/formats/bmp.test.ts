import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/core/errors.ts'
import { decodeBmp } from '../../../src/core/formats/bmp.ts'
import { bmp } from '../../support/image-bytes.ts'

const pixels = (file: Uint8Array) => Array.from(decodeBmp(file).data)

const R = [255, 0, 0]
const G = [0, 255, 0]
const B = [0, 0, 255]
const K = [0, 0, 0]
/** Entries black, red, green, blue as BGRX. */
const palette = [0, 0, 0, 0, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0]

describe('decodeBmp', () => {
  it('reads 24 bits, rows from the bottom, filled up to four bytes', () => {
    const file = bmp({
      ...{ width: 1, height: 2, bits: 24 },
      pixels: [0, 0, 255, 0, /* upper row */ 255, 0, 0, 0],
    })
    expect(decodeBmp(file)).toMatchObject({ width: 1, height: 2 })
    expect(pixels(file)).toEqual([...B, ...R])
  })

  it('reads rows from the top where the height is negative', () => {
    const file = bmp({ width: 1, height: -2, bits: 24, pixels: [0, 0, 255, 0, 255, 0, 0, 0] })
    expect(pixels(file)).toEqual([...R, ...B])
  })

  it.each([
    ['1 bit', 1, [0b01000000, 0, 0, 0], [K, R, K]],
    ['4 bits', 4, [0x12, 0x30, 0, 0], [R, G, B]],
    ['8 bits', 8, [3, 0, 1, 0], [B, K, R]],
  ])('reads a palette of %s', (_, bits, row, expected) => {
    const entries = bits === 1 ? palette.slice(0, 8) : palette
    expect(pixels(bmp({ width: 3, height: 1, bits, palette: entries, pixels: row }))).toEqual(expected.flat())
  })

  it('shows indices beyond the palette black', () => {
    expect(pixels(bmp({ width: 1, height: 1, bits: 8, palette, pixels: [77, 0, 0, 0] }))).toEqual(K)
  })

  it('reads 16 bits as 5, 5, 5, and as 5, 6, 5 where masks say so', () => {
    const pixel = [0x1f, 0x04, 0, 0]
    // 0x041f: 00001 00000 11111, and 00000 100000 11111
    expect(pixels(bmp({ width: 1, height: 1, bits: 16, pixels: pixel }))).toEqual([8, 0, 255])
    const masks = [0xf800, 0x07e0, 0x001f]
    const file = bmp({ width: 1, height: 1, bits: 16, compression: 3, masks, pixels: pixel })
    expect(pixels(file)).toEqual([0, Math.floor((32 * 255) / 63), 255])
  })

  it('drops the fourth byte of 32 bits', () => {
    expect(pixels(bmp({ width: 1, height: 1, bits: 32, pixels: [3, 2, 1, 99] }))).toEqual([1, 2, 3])
  })

  it('reads masks in any order, also in the highest bits', () => {
    const masks = [0x0000ff00, 0x00ff0000, 0xff000000]
    const file = bmp({ width: 1, height: 1, bits: 32, compression: 3, masks, pixels: [9, 1, 2, 3] })
    expect(pixels(file)).toEqual([1, 2, 3])
  })

  it('reads the header of OS/2 1.x', () => {
    const file = Buffer.alloc(26 + 6 + 4)
    file.write('BM', 'latin1')
    file.writeUInt32LE(32, 10)
    file.writeUInt32LE(12, 14)
    file.writeUInt16LE(2, 18)
    file.writeUInt16LE(1, 20)
    file.writeUInt16LE(1, 22)
    file.writeUInt16LE(1, 24)
    file.set([0, 0, 255, 0, 255, 0, 0b01000000], 26)
    expect(pixels(file)).toEqual([...R, ...G])
  })

  it('reads run lengths of 8 bits: runs, literal pixels, jumps', () => {
    // Lower row: two red, then green and blue and red as they are. Upper row: one to the right, then blue.
    const runs = [2, 1, 0, 3, 2, 3, 1, 0, 0, 0, 0, 2, 1, 0, 1, 3, 0, 1]
    const file = bmp({ width: 5, height: 2, bits: 8, compression: 1, palette, pixels: runs })
    expect(pixels(file)).toEqual([K, B, K, K, K, R, R, G, B, R].flat())
  })

  it('reads run lengths of 4 bits', () => {
    const runs = [3, 0x12, 0, 3, 0x31, 0x20, 0, 1]
    const file = bmp({ width: 6, height: 1, bits: 4, compression: 2, palette, pixels: runs })
    expect(pixels(file)).toEqual([R, G, R, B, R, G].flat())
  })

  it.each([
    [
      'a file cut off in its pixels',
      bmp({ width: 2, height: 2, bits: 24, pixels: [1, 2, 3] }),
      'DATA_IMAGE_BROKEN',
    ],
    [
      'a file cut off in its header',
      bmp({ width: 1, height: 1, bits: 24, pixels: [] }).subarray(0, 30),
      'DATA_IMAGE_BROKEN',
    ],
    ['no width', bmp({ width: 0, height: 1, bits: 24, pixels: [0] }), 'DATA_IMAGE_BROKEN'],
    [
      'a depth that is none',
      bmp({ width: 1, height: 1, bits: 7, pixels: [0, 0, 0, 0] }),
      'DATA_IMAGE_BROKEN',
    ],
    [
      'runs that end early',
      bmp({ width: 9, height: 9, bits: 8, compression: 1, pixels: [9, 1] }),
      'DATA_IMAGE_BROKEN',
    ],
    [
      'a JPEG inside',
      bmp({ width: 1, height: 1, bits: 24, compression: 4, pixels: [0, 0, 0, 0] }),
      'DATA_IMAGE_FORMAT',
    ],
  ])('refuses %s', (_, file, code) => {
    expect(() => decodeBmp(file)).toThrow(expect.objectContaining({ code }))
  })

  it('throws nothing but coded errors, whatever the bytes', () => {
    const seed = bmp({
      width: 4,
      height: 3,
      bits: 8,
      compression: 1,
      palette,
      pixels: [4, 1, 0, 0, 4, 2, 0, 1],
    })
    const places = fc.array(fc.tuple(fc.nat(seed.length - 1), fc.nat(255)), { maxLength: 6 })
    fc.assert(
      fc.property(places, fc.nat(seed.length), (changes, length) => {
        const file = Buffer.from(seed)
        for (const [at, value] of changes) file[at] = value
        // A claimed size of gigapixels is for the caller to refuse.
        file.fill(0, 20, 22)
        file.fill(0, 24, 26)
        try {
          decodeBmp(file.subarray(0, length))
        } catch (error) {
          expect(error).toBeInstanceOf(CodedError)
        }
      }),
      { numRuns: 3000 },
    )
  })
})
