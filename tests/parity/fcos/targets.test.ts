/** Targets beside those of the FCOS authors' code and of torchvision's assigner: equal in every location. */
import { expect, test } from 'vitest'
import { BACKGROUND } from '../../../src/core/detectors/assigner.ts'
import { assign } from '../../../src/core/detectors/fcos/assign.ts'
import { DIALECTS } from '../../../src/core/detectors/fcos/config.ts'
import { targets } from '../../../src/core/detectors/fcos/targets.ts'
import { pyramid } from '../../../src/core/pyramid/levels.ts'
import authors from '../../fixtures/authors_targets.json' with { type: 'json' }

import { fixtureTensors } from '../../support/fixtures.ts'

const authorsTensor = fixtureTensors('authors_targets.safetensors')

/**
 * The largest difference in units of the last place. Ours is the correctly rounded root (numpy's agrees in every
 * location); torch's vectorised root, which made the fixture, is one unit off in a few of thousand.
 */
function lastPlaces(ours: Float32Array, theirs: Float32Array): number {
  // Bits of non-negative floats are ordered like the floats.
  const [a, b] = [ours, theirs].map((values) => new Int32Array(values.slice().buffer))
  return a.reduce((worst, bits, i) => Math.max(worst, Math.abs(bits - b[i])), 0)
}

test.each(authors.cases.flatMap((size, i) => [0, 1.5].map((radius) => ({ ...size, i, radius }))))(
  'authors: $width×$height, $boxes boxes, radius $radius',
  ({ width, height, i, radius }) => {
    const layout = pyramid({ width, height }, 'half-stride')
    const boxes = authorsTensor(`${i}.boxes`)
    const classes = authorsTensor(`${i}.labels`)
    const expected = (what: string) => authorsTensor(`${i}.radius${radius.toFixed(1)}.${what}`)

    const computed = targets(layout, { ...DIALECTS.authors, radius }, boxes)
    // The authors label with the class, and background with 0.
    const labels = Float32Array.from(computed.matched, (gt) => (gt === BACKGROUND ? 0 : classes[gt]))
    expect(labels).toEqual(expected('labels'))
    expect(computed.ltrb).toEqual(expected('ltrb'))
    expect(lastPlaces(computed.centerness, expected('centerness'))).toBeLessThanOrEqual(1)
  },
)

const torchvisionTensor = fixtureTensors('torchvision_matched.safetensors')

test.each([0, 1])('torchvision: training image %i', (i) => {
  const layout = pyramid({ width: 320, height: 256 }, 'corner')
  const matched = assign(layout, DIALECTS.torchvision, torchvisionTensor(`boxes_${i}`))
  expect(Float32Array.from(matched)).toEqual(torchvisionTensor(`matched_${i}`))
})

const awkward = fixtureTensors('torchvision_assignments.safetensors')

test.each([0, 1, 2, 3, 4])('torchvision: awkward sizes and boxes, case %i', (i) => {
  const [width, height] = awkward(`${i}.size`)
  const matched = assign(pyramid({ width, height }, 'corner'), DIALECTS.torchvision, awkward(`${i}.boxes`))
  expect(Float32Array.from(matched)).toEqual(awkward(`${i}.matched`))
})
