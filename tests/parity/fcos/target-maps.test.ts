/** The live maps beside the targets that the FCOS authors' code computes. */
import { expect, test } from 'vitest'
import { BACKGROUND } from '../../../src/core/detectors/assigner.ts'
import { DIALECTS } from '../../../src/core/detectors/fcos/config.ts'
import { TargetMaps } from '../../../src/core/inspect/target-maps.ts'
import authors from '../../fixtures/authors_targets.json' with { type: 'json' }

import { fixtureTensors } from '../../support/fixtures.ts'

const tensor = fixtureTensors('authors_targets.safetensors')

test.each(authors.cases.map((size, i) => ({ ...size, i })))(
  '$width×$height, $boxes boxes',
  ({ width, height, i }) => {
    const maps = new TargetMaps({ width, height })
    const boxes = tensor(`${i}.boxes`)
    const classes = tensor(`${i}.labels`)
    // One after the other into the same arrays, as a user who turns center sampling off and on again.
    for (const radius of [1.5, 0, 1.5]) {
      const expected = (what: string) => tensor(`${i}.radius${radius.toFixed(1)}.${what}`)
      maps.update({
        boxes,
        classes,
        assignment: { ...DIALECTS.authors, radius },
        loss: { boxWeight: 'centerness' },
      })
      const labels = Float32Array.from(maps.matched, (gt) => (gt === BACKGROUND ? 0 : classes[gt]))
      expect(labels).toEqual(expected('labels'))
      expect(maps.own.ltrb).toEqual(expected('ltrb'))
      const weights = expected('centerness')
      expect(
        maps.own.boxWeight.every((weight, location) => Math.abs(weight - weights[location]) < 1e-6),
      ).toBe(true)
      const [sum, squares] = [1, 2].map((power) => weights.reduce((total, c) => total + c ** power, 0))
      expect(maps.own.effectivePositives).toBeCloseTo(squares > 0 ? sum ** 2 / squares : 0, 2)
      expect(maps.shares.positives.subarray(0, boxes.length / 4).reduce((total, n) => total + n, 0)).toBe(
        labels.filter((label) => label > 0).length,
      )
    }
  },
)
