import { expect, test } from 'vitest'
import { classColour } from '../../../src/core/colour/class-palette.ts'
import { COLOUR_MAPS, colourTable } from '../../../src/core/colour/colour-maps.ts'
import { LEVEL_COLOURS } from '../../../src/core/colour/level-colours.ts'
import { oklchToHex } from '../../../src/core/colour/oklch.ts'
import definitions from '../../fixtures/colour_maps.json' with { type: 'json' }

import { difference, oklab, VISION, type Vision } from '../../support/colour-vision.ts'

test.each(COLOUR_MAPS)('%s is as matplotlib defines it', (map) => {
  const table = colourTable(map)
  const defined = definitions[map].flat()
  expect(table.length).toBe(defined.length)
  // matplotlib cuts 255 · value off to whole numbers; the fixture is rounded to six places.
  for (const [i, value] of defined.entries())
    expect(Math.abs(table[i] + 0.5 - 255 * value)).toBeLessThan(0.5002)
})

test('colours in OKLCH that CSS Color 4 gives', () => {
  expect(oklchToHex(1, 0, 0)).toBe('#ffffff')
  expect(oklchToHex(0.62796, 0.25768, 29.234)).toBe('#ff0000')
  expect(oklchToHex(0.51975, 0.17686, 142.495)).toBe('#008000')
  expect(oklchToHex(0.45201, 0.31321, 264.052)).toBe('#0000ff')
})

test('a colour too vivid for sRGB keeps lightness and hue', () => {
  const [lightness, a, b] = oklab(oklchToHex(0.7, 0.4, 200))
  expect(lightness).toBeCloseTo(0.7, 2)
  const hue = ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360
  expect(Math.abs(hue - 200)).toBeLessThan(1.5)
})

const visions = Object.keys(VISION) as Vision[]

test.each(visions)('levels stay apart with %s', (vision) => {
  const colours = Object.values(LEVEL_COLOURS)
  for (const [i, a] of colours.entries()) {
    for (const b of colours.slice(i + 1)) expect(difference(a, b, vision)).toBeGreaterThan(0.1)
  }
})

test('levels go from light to dark', () => {
  const lightness = Object.values(LEVEL_COLOURS).map((colour) => oklab(colour)[0])
  expect(lightness).toEqual(lightness.toSorted((a, b) => b - a))
})

test.each(visions)('the first seven classes stay apart with %s', (vision) => {
  const colours = Array.from({ length: 7 }, (_, i) => classColour(i))
  for (const [i, a] of colours.entries()) {
    for (const b of colours.slice(i + 1)) expect(difference(a, b, vision)).toBeGreaterThan(0.05)
  }
})

test('a hundred classes have colours of their own, two dozen well apart', () => {
  const colours = Array.from({ length: 100 }, (_, i) => classColour(i))
  expect(new Set(colours).size).toBe(100)
  for (const colour of colours) expect(colour).toMatch(/^#[0-9a-f]{6}$/)
  for (const [i, a] of colours.slice(0, 24).entries()) {
    for (const b of colours.slice(i + 1, 24)) expect(difference(a, b, 'normal')).toBeGreaterThan(0.03)
  }
})
